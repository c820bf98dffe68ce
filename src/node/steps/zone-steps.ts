import { isAppError } from '#contracts/errors.ts'
import type { MachineRecord } from '#contracts/machine/record.ts'
import type { Context } from '#host/context.ts'
import { bootZone, endZone } from '../machines/boot-zone.ts'
import { shutDownZone } from '../machines/shut-down-zone.ts'
import { planBootedNics, readBootedNics } from '../machines/zone-nics.ts'
import type { Parts } from '../parts.ts'
import { undoNothing, type ExecutorTable } from './executor.ts'

type ZoneKind = 'zone.boot' | 'zone.shutdown' | 'zone.halt' | 'zone.signal' | 'zone.limits' | 'zone.tmpfs' | 'nic.apply'

/**
 * What changes a zone as it runs is nothing to do when it does not: it ended meanwhile, or the power went and what was
 * begun is finished at the next boot. The record has the change by then, and the zone's next boot reads that.
 */
export const zoneSteps: ExecutorTable<ZoneKind> = {
  'zone.boot': {
    run: ({ uuid, first, record }, context, parts) => bootZone(uuid, context, parts, { first, ...(record === undefined ? {} : { record }) }),
    undo: ({ uuid }, context, parts) => endZone(uuid, context, parts),
  },
  'zone.shutdown': {
    run: ({ uuid, grace_s }, context, parts) => shutDownZone(uuid, grace_s, context, parts),
    undo: bootAgain,
  },
  'zone.halt': {
    run: ({ uuid }, context, parts) => endZone(uuid, context, parts),
    undo: bootAgain,
  },
  'zone.signal': {
    async run({ uuid, signal }, context, { host, live }) {
      if (live.isRunning(uuid)) await host.runtime.signal(uuid, signal, context)
    },
    undo: undoNothing,
  },
  'zone.limits': {
    async run({ uuid, limits }, context, { host, live }) {
      if (live.isRunning(uuid)) await host.runtime.setLimits(uuid, limits, context)
    },
    async undo({ uuid, previous }, context, parts) {
      if (parts.live.isRunning(uuid)) await asFarAsGuestAllows(uuid, parts, () => parts.host.runtime.setLimits(uuid, previous, context))
    },
  },
  'zone.tmpfs': {
    async run({ uuid, mib }, context, parts) {
      if (parts.live.isRunning(uuid)) await remountTmp(uuid, mib, context, parts)
    },
    async undo({ uuid, previous }, context, parts) {
      if (parts.live.isRunning(uuid)) await remountTmp(uuid, previous, context, parts)
    },
  },
  'nic.apply': {
    run: ({ uuid, record }, context, parts) => applyNics(uuid, record, context, parts),
    async undo({ uuid, previous }, context, parts) {
      if (parts.live.isRunning(uuid)) await applyNics(uuid, previous, context, parts)
    },
  },
}

async function bootAgain({ uuid, was_running }: { uuid: string; was_running: boolean }, context: Context, parts: Parts): Promise<void> {
  if (was_running && parts.machines.get(uuid) !== undefined) await asFarAsGuestAllows(uuid, parts, () => bootZone(uuid, context, parts))
}

/**
 * What depends on a guest's own files and programs (an init that is a pipe, a mount that hangs) is tried and
 * logged. As a failure it would be tried again before each later operation: the machine could not even be deleted.
 */
async function asFarAsGuestAllows(uuid: string, parts: Parts, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (err) {
    if (!isAppError(err, 'RuntimeFailed') && !isAppError(err, 'Timeout')) throw err
    parts.log.warn({ err, uuid }, 'the guest does not let the node do this; it stays as it is')
  }
}

/** Guards first: a nic never sends with a new address under the guard of the old ones, nor the other way round. */
async function applyNics(uuid: string, record: MachineRecord, context: Context, parts: Parts): Promise<void> {
  const status = parts.live.status(uuid)
  if (status === undefined) return
  const booted = await readBootedNics(uuid, parts)
  const { nics: attached, routes } = planBootedNics(record, status.zoneid, { booted, parts })
  await parts.host.network.setGuards(attached, context)
  await parts.host.network.reconfigure(status.netns, attached, routes, context)
}

/** The zone's own mount(8) does it, with the zone's own rights: nothing of the zone runs with ours. */
async function remountTmp(uuid: string, mib: number, context: Context, parts: Parts): Promise<void> {
  // All options and the source: mount(8) would else repeat those it finds, whose uid is the node's and means nothing in the zone.
  const options = `remount,nosuid,nodev,size=${mib}m`
  await asFarAsGuestAllows(uuid, parts, async () => {
    const result = await parts.host.runtime.exec(uuid, ['mount', '-t', 'tmpfs', '-o', options, 'tmpfs', '/tmp'], { timeout_ms: 10_000 }, context)
    if (result.exit_code !== 0) parts.log.warn({ uuid, stderr: result.stderr }, 'the zone could not resize its /tmp; it takes effect at its next boot')
  })
}
