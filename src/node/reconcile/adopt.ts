import type { MachineRecord } from '#contracts/machine/record.ts'
import type { Context } from '#host/context.ts'
import type { NicPlan } from '#host/network.ts'
import { endZone } from '../machines/boot-zone.ts'
import { planBootedNics, readAllBootedLinks, readBootedNics } from '../machines/zone-nics.ts'
import type { Locks } from '../operations/locks.ts'
import type { Parts } from '../parts.ts'
import type { ExitHandler } from './exits.ts'

/** Finds the zones that went on while no daemon was there, and takes them on as they are. */
export async function adoptZones(context: Context, parts: Parts): Promise<void> {
  const guarded: NicPlan[] = []
  for (const status of await parts.host.runtime.list()) {
    const record = parts.machines.get(status.uuid)
    if (status.stage === 'running' && record !== undefined) {
      await parts.metadata.open(status.uuid, { uid: record.internal.uid_base })
      parts.live.setStatus(status)
      guarded.push(...(await readBootedPlans(record, status.zoneid, parts)))
    }
  }
  // Somebody may have flushed the rules while no daemon was there.
  if (guarded.length > 0) await parts.host.network.setGuards(guarded, context)
}

/** The nics a zone was booted with, as they are planned now; a tag that has gone leaves its guard as it is. */
async function readBootedPlans(record: MachineRecord, zoneid: number, parts: Parts): Promise<NicPlan[]> {
  const booted = await readBootedNics(record.uuid, parts)
  try {
    return planBootedNics(record, zoneid, { booted, parts }).nics
  } catch (error) {
    parts.log.warn({ err: error, uuid: record.uuid }, 'guards of an adopted zone were not renewed')
    return []
  }
}

/**
 * Removes what no record and no operation accounts for: half-started zones, zones of vanished machines. One
 * that ended while no daemon was there is handled as it would have been then.
 */
export async function sweepOrphans(context: Context, { locks, parts, exits }: { locks: Locks; parts: Parts; exits: ExitHandler }): Promise<void> {
  for (const status of await parts.host.runtime.list()) {
    if (locks.isHeld(status.uuid) || parts.live.isRunning(status.uuid)) continue
    const exit = parts.live.lastExit(status.uuid)
    if (status.stage === 'exited' && exit !== undefined && parts.machines.get(status.uuid) !== undefined) {
      await exits.handle({ uuid: status.uuid, ...exit })
      continue
    }
    const release = await locks.acquire(status.uuid, context.signal)
    try {
      if (!parts.live.isRunning(status.uuid)) await endZone(status.uuid, context, parts)
    } finally {
      release()
    }
    parts.log.warn({ uuid: status.uuid, stage: status.stage }, 'removed what was left of a zone')
  }
}

/** Removes host ends and guards of nics that no zone has: a kill may come between a zone's end and theirs. */
export async function sweepNics(context: Context, parts: Parts): Promise<void> {
  const { network } = parts.host
  const [links, guards] = await Promise.all([network.listHostLinks(context), network.listGuards(context)])
  const known = await readAllBootedLinks(parts)
  const unknown = [...new Set([...links, ...guards])].filter((link) => !known.has(link))
  if (unknown.length === 0) return
  await network.detach(unknown, context)
  parts.log.warn({ unknown }, 'removed nics that no zone has')
}
