import type { Context } from '#host/context.ts'
import type { ZoneExit } from '#host/runtime.ts'
import { bootZone, endZone } from '../machines/boot-zone.ts'
import { publishState } from '../machines/read.ts'
import type { Locks } from '../operations/locks.ts'
import type { Parts } from '../parts.ts'

/** Signals by which the kernel ends the init of a zone that asked for it: reboot(2), pid_namespaces(7). */
const rebooted = -1
const poweredOff = -2

/** Finds the zones that went on while no daemon was there, and takes them on as they are. */
export async function adoptZones(parts: Parts): Promise<void> {
  for (const status of await parts.host.runtime.list()) {
    const record = parts.machines.get(status.uuid)
    if (status.stage === 'running' && record !== undefined) {
      await parts.metadata.open(status.uuid, { uid: record.internal.uid_base })
      parts.live.setStatus(status)
    }
  }
}

/** Removes what no record and no operation accounts for: half-started zones, zones of vanished machines. */
export async function sweepOrphans(context: Context, locks: Locks, parts: Parts): Promise<void> {
  for (const status of await parts.host.runtime.list()) {
    if (locks.isHeld(status.uuid) || parts.live.isRunning(status.uuid)) continue
    const release = await locks.acquire(status.uuid, context.signal)
    try {
      if (!parts.live.isRunning(status.uuid)) await endZone(status.uuid, context, parts)
    } finally {
      release()
    }
    parts.log.warn({ uuid: status.uuid, stage: status.stage }, 'removed what was left of a zone')
  }
}

/** Starts what should run: once after the node's boot, never on a mere restart of the daemon. */
export async function autobootMachines(start: (uuid: string) => void, parts: Parts): Promise<void> {
  for (const record of parts.machines.all()) {
    if (record.autoboot && record.internal.failed === undefined && record.internal.receiving !== true && !parts.live.isRunning(record.uuid)) start(record.uuid)
  }
}

/**
 * A zone's init has ended by itself. Under the machine's lock, so that an operation that ended it finishes
 * first; then there is nothing left to do here.
 */
export async function handleExit(exit: ZoneExit, locks: Locks, parts: Parts): Promise<void> {
  const { uuid } = exit
  parts.live.setLastExit(uuid, { exit_status: exit.exit_status, exit_timestamp: exit.exit_timestamp })
  parts.live.clearStatus(uuid)
  const context: Context = { signal: new AbortController().signal, log: parts.log, now: parts.now }
  const release = await locks.acquire(uuid, context.signal)
  try {
    // Nothing left: the operation that ended it has cleaned up. Running: it has been started again since.
    const left = await parts.host.runtime.read(uuid)
    if (left === null || left.stage === 'running') return
    await endZone(uuid, context, parts)
    parts.log.info({ uuid, exit_status: exit.exit_status }, 'a zone ended by itself')
    if (wantsRestart(exit, parts)) await bootZone(uuid, context, parts)
  } finally {
    release()
    publishState(uuid, parts)
  }
}

/** A guest that rebooted comes back; one whose init died comes back when its owner said so (restart_init). */
function wantsRestart(exit: ZoneExit, parts: Parts): boolean {
  const record = parts.machines.get(exit.uuid)
  if (record === undefined || record.internal.provisioning === true) return false
  if (exit.exit_status === rebooted) return true
  return exit.exit_status !== poweredOff && record.restart_init === true
}
