import { AppError } from '#contracts/errors.ts'
import type { MachineRecord } from '#contracts/machine/record.ts'
import type { Context } from '#host/context.ts'
import { startMdataExecute } from './mdata-execute.ts'
import type { Parts } from '../parts.ts'
import { planMachineNics } from './zone-nics.ts'
import { readZoneSpec } from './zone-spec.ts'

/**
 * From stopped to running: metadata socket, keeper with its namespaces, network, init. When any part
 * fails nothing of it is left. A zone that runs already is left alone.
 */
export async function bootZone(uuid: string, context: Context, parts: Parts): Promise<void> {
  if (parts.live.isRunning(uuid)) return
  const record = parts.machines.get(uuid)
  if (record === undefined) throw new AppError('MachineNotFound', `${uuid}: No such zone configured`)
  const zoneid = parts.live.nextZoneid()
  const { nics, routes } = planMachineNics(record, zoneid, parts)
  try {
    const spec = await readZoneSpec(record, zoneid, parts)
    await parts.metadata.open(uuid, { uid: record.internal.uid_base })
    const prepared = await parts.host.runtime.prepare(spec, context)
    await parts.host.network.attach(prepared.netns, nics, routes, context)
    parts.live.setStatus(await parts.host.runtime.launch(uuid, context))
  } catch (error) {
    await endZone(uuid, { ...context, signal: new AbortController().signal }, parts, nics.map((nic) => nic.host_link))
    throw error
  }
  startMdataExecute(record, parts)
}

/** Ends the zone at once, whatever stage it is in, and removes every trace of it. */
export async function endZone(uuid: string, context: Context, parts: Parts, hostLinks?: string[]): Promise<void> {
  const status = parts.live.status(uuid) ?? (await parts.host.runtime.read(uuid)) ?? undefined
  await parts.host.runtime.remove(uuid, context)
  await parts.host.network.detach(hostLinks ?? hostLinksOf(parts.machines.get(uuid), status?.zoneid, parts), context)
  await parts.metadata.close(uuid)
  parts.live.clearStatus(uuid)
}

function hostLinksOf(record: MachineRecord | undefined, zoneid: number | undefined, parts: Parts): string[] {
  if (record === undefined || zoneid === undefined) return []
  try {
    return planMachineNics(record, zoneid, parts).nics.map((nic) => nic.host_link)
  } catch {
    // A tag of the machine has been removed by force: the sweep of unknown links finds the rest.
    return []
  }
}
