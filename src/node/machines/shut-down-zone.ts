import { AppError } from '#contracts/errors.ts'
import type { Context } from '#host/context.ts'
import type { Parts } from '../parts.ts'
import { endZone } from './boot-zone.ts'
import { isSystemd } from './zone-spec.ts'

/** systemd's signal for `poweroff.target` (systemd(1), signals). */
const systemdPoweroff = 'SIGRTMIN+4'

/**
 * Asks the guest to shut down, waits up to the grace, then ends what is left. Docker zones get SIGTERM;
 * systemd its own signal; other inits the image's own poweroff program.
 */
export async function shutDownZone(uuid: string, graceS: number, context: Context, parts: Parts): Promise<void> {
  const record = parts.machines.get(uuid)
  if (record !== undefined && parts.live.isRunning(uuid)) {
    const asked = await askToStop(uuid, context, parts).catch((error: unknown) => {
      parts.log.warn({ err: error, uuid }, 'the zone could not be asked to stop; halting it')
      return false
    })
    if (asked) await parts.live.waitForExit(uuid, graceS * 1000, context.signal)
  }
  if (context.signal.aborted) throw new AppError('Cancelled', `Stopping ${uuid} was cancelled; the guest was asked to shut down and may still do so.`)
  await endZone(uuid, context, parts)
}

async function askToStop(uuid: string, context: Context, parts: Parts): Promise<boolean> {
  const record = parts.machines.get(uuid)
  if (record === undefined) return false
  if (record.docker === true || record.init_name !== undefined) {
    await parts.host.runtime.signal(uuid, 'SIGTERM', context)
    return true
  }
  if (isSystemd(record, parts)) {
    await parts.host.runtime.signal(uuid, systemdPoweroff, context)
    return true
  }
  const result = await parts.host.runtime.exec(uuid, ['/sbin/poweroff'], { timeout_ms: 10_000 }, context)
  // Above 128 it was killed by a signal: by init, which has begun to end everything.
  return result.exit_code === 0 || result.exit_code > 128 || !parts.live.isRunning(uuid)
}
