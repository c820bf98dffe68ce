import type { BootTimes } from '#contracts/platform/boot-state.ts'
import type { System } from '../system.ts'

/** Seconds since the kernel's start, time asleep included (CLOCK_BOOTTIME). */
export async function readUptime(system: Pick<System, 'read'>): Promise<number> {
  return Number(((await system.read('/proc/uptime')) ?? '0').split(' ')[0])
}

/** When units were up, as systemd noted it. */
export async function readUnitTimes(system: System): Promise<Pick<BootTimes, 'start_s' | 'ssh_s'>> {
  const [start_s, ssh_s] = await Promise.all(['spirula-start.service', 'ssh.service'].map((unit) => readActiveSince(system, unit)))
  return { start_s: start_s ?? null, ssh_s: ssh_s ?? null }
}

async function readActiveSince(system: System, unit: string): Promise<number | null> {
  const { stdout, exitCode } = await system.run(['systemctl', 'show', '-p', 'ActiveEnterTimestampMonotonic', '--value', unit], { okCodes: [0, 1, 4] })
  const microseconds = Number(stdout.trim())
  return exitCode === 0 && microseconds > 0 ? Math.round(microseconds / 10_000) / 100 : null
}
