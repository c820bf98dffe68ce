import { setTimeout as sleep } from 'node:timers/promises'
import type { Context } from '#host/context.ts'
import type { ZoneExit } from '#host/runtime.ts'
import { bootZone, endZone } from '../machines/boot-zone.ts'
import { publishState } from '../machines/read.ts'
import type { Locks } from '../operations/locks.ts'
import type { Parts } from '../parts.ts'

/** Signals by which the kernel ends the init of a zone that asked for it: reboot(2), pid_namespaces(7). */
const rebooted = -1
const poweredOff = -2

/** A zone that ran at least this long starts again at once; one that did not waits twice as long each time. */
const soundRunMs = 10_000
const longestDelayMs = 60_000

export interface ExitHandler {
  /**
   * A zone's init has ended by itself. Under the machine's lock, so that an operation that ended it finishes
   * first; then there is nothing left to do here.
   */
  handle(exit: ZoneExit): Promise<void>
}

/** Cleans up behind zones that end, and starts those again that are to come back, until the signal. */
export function createExitHandler(locks: Locks, parts: Parts, signal: AbortSignal): ExitHandler {
  const delays = new Map<string, number>()
  const context: Context = { signal, log: parts.log, now: parts.now }

  async function handle(exit: ZoneExit): Promise<void> {
    const { uuid } = exit
    const startedAt = parts.live.status(uuid)?.started_at ?? null
    parts.live.setLastExit(uuid, { exit_status: exit.exit_status, exit_timestamp: exit.exit_timestamp })
    parts.live.clearStatus(uuid)
    if (!(await cleanUp(exit)) || !wantsRestart(exit, parts)) return
    const delayMs = nextDelay(uuid, startedAt)
    if (delayMs > 0) await sleep(delayMs, undefined, { signal, ref: false })
    await inTurn(uuid, async () => {
      if (wantsRestart(exit, parts) && !parts.live.isRunning(uuid)) await bootZone(uuid, context, parts)
    })
  }

  /** False when there is nothing left: the operation that ended it has cleaned up, or started it again. */
  async function cleanUp(exit: ZoneExit): Promise<boolean> {
    return await inTurn(exit.uuid, async () => {
      const left = await parts.host.runtime.read(exit.uuid)
      if (left === null || left.stage === 'running') return false
      await endZone(exit.uuid, context, parts)
      parts.log.info({ uuid: exit.uuid, exit_status: exit.exit_status }, 'a zone ended by itself')
      return true
    })
  }

  async function inTurn<T>(uuid: string, work: () => Promise<T>): Promise<T> {
    const release = await locks.acquire(uuid, signal)
    try {
      return await work()
    } finally {
      release()
      publishState(uuid, parts)
    }
  }

  function nextDelay(uuid: string, startedAt: string | null): number {
    const ranMs = startedAt === null ? soundRunMs : parts.now().getTime() - Date.parse(startedAt)
    const delayMs = ranMs >= soundRunMs ? 0 : (delays.get(uuid) ?? 0)
    delays.set(uuid, ranMs >= soundRunMs ? 0 : Math.min(longestDelayMs, Math.max(1000, delayMs * 2)))
    return delayMs
  }

  return { handle }
}

/** A guest that rebooted comes back; one whose init died does, unless its owner said otherwise or it is a docker one (restart_init). */
function wantsRestart(exit: ZoneExit, parts: Parts): boolean {
  const record = parts.machines.get(exit.uuid)
  if (record === undefined || record.internal.provisioning === true || parts.startup.stopping) return false
  if (exit.exit_status === rebooted) return true
  return exit.exit_status !== poweredOff && (record.restart_init ?? record.docker !== true)
}
