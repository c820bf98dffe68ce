import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { AppError, isAppError } from '#contracts/errors.ts'
import type { Context } from '#host/context.ts'
import { ensureDirectory, readJsonFile, readTextFile, removeFile, writeFileAtomic } from '#host/fs/atomic.ts'
import { writeStream } from '#host/fs/stream.ts'
import { run } from '#host/run/run.ts'
import type { Emulator } from './emulator.ts'
import { renderProbeRom } from './probe-rom.ts'

export interface Accelerator {
  kind: 'tcg' | 'kvm'
  /** Why, as the rest of a sentence. */
  reason: string
}

const probeLimitMs = 5000
/** What the probe says, and the exit code it has QEMU end with (isa-debug-exit: twice the written byte, and one). */
const probeWords = 'RPLB'
const probeExit = 33

/**
 * KVM when a small guest really runs with it, else TCG. A device that opens proves nothing: there are machines whose
 * KVM stops in the middle of a kernel. The answer is kept until this machine boots anew: below /run for root, else in `own`.
 */
export async function ensureAccelerator(emulator: Emulator, own: string, context: Context): Promise<Accelerator> {
  if (!existsSync('/dev/kvm')) return { kind: 'tcg', reason: 'this machine has no /dev/kvm' }
  const directory = process.getuid?.() === 0 ? '/run/spirula' : own
  const path = join(directory, 'accelerator.json')
  const key = `${((await readTextFile('/proc/sys/kernel/random/boot_id')) ?? '').trim()} ${emulator.origin} ${emulator.version}`
  const kept = (await readJsonFile(path).catch(() => null)) as (Accelerator & { key: string }) | null
  if (kept?.key === key) return { kind: kept.kind, reason: kept.reason }
  const found = await probeKvm(emulator, directory, context)
  await writeFileAtomic(path, `${JSON.stringify({ key, ...found })}\n`, { durable: false })
  return found
}

async function probeKvm(emulator: Emulator, directory: string, context: Context): Promise<Accelerator> {
  const rom = join(directory, 'probe.rom')
  await ensureDirectory(directory)
  await removeFile(rom, { durable: false })
  await writeStream(rom, Readable.from([renderProbeRom()]), context)
  const outcome = await run([...emulator.argv, ...renderProbeArgv(rom)], { env: emulator.env, timeoutMs: probeLimitMs, okCodes: [probeExit] }, context).catch(
    (error: unknown) => {
      if (isAppError(error, 'CommandFailed', 'Timeout')) return error
      throw error
    },
  )
  if (!(outcome instanceof AppError)) {
    return outcome.stdout === probeWords
      ? { kind: 'kvm', reason: 'a small guest ran with it' }
      : { kind: 'tcg', reason: `a small guest under KVM went wrong (it said "${outcome.stdout.slice(0, 20)}")` }
  }
  return { kind: 'tcg', reason: outcome.code === 'Timeout' ? 'a small guest under KVM hung for 5 s' : 'QEMU could not start a small guest under KVM' }
}

function renderProbeArgv(rom: string): string[] {
  return [
    ['-nodefaults', '-no-user-config', '-display', 'none', '-machine', 'q35', '-accel', 'kvm', '-cpu', 'host', '-m', '16'],
    ['-bios', rom, '-debugcon', 'stdio', '-device', 'isa-debug-exit,iobase=0xf4,iosize=4'],
  ].flat()
}

/** One line for people. */
export function describeAccelerator({ kind, reason }: Accelerator): string {
  return kind === 'kvm' ? `hardware virtualisation (KVM): ${reason}` : `emulation (TCG): ${reason}`
}
