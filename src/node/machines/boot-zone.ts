import { AppError } from '#contracts/errors.ts'
import { entryNotePath } from '#contracts/machine/entry.ts'
import type { MachineRecord } from '#contracts/machine/record.ts'
import { allOrFirstError } from '#lib/all-or-first-error.ts'
import type { Context } from '#host/context.ts'
import { removeFile, removeTree, writeFileAtomic } from '#host/fs/atomic.ts'
import type { NicPlan, RoutePlan } from '#host/network.ts'
import type { ZoneSpec } from '#host/runtime.ts'
import { zoneRunDir } from '../layout.ts'
import type { Parts } from '../parts.ts'
import { startLeasedResolvers } from './leased-resolvers.ts'
import { startMdataExecute } from './mdata-execute.ts'
import { forgetBootedNics, noteBootedNics, planMachineNics, readBootedNics } from './zone-nics.ts'
import { readZoneSpec } from './zone-spec.ts'

interface Plumbing {
  spec: ZoneSpec
  nics: NicPlan[]
  routes: RoutePlan[]
}

export interface BootOptions {
  /** The machine's first boot ever. */
  first: boolean
  /** Of a machine that is just being written. */
  record?: MachineRecord
}

/**
 * From stopped to running: metadata socket, keeper with its namespaces, network, init. When any part
 * fails nothing of it is left. A zone that runs already is left alone.
 */
export async function bootZone(uuid: string, context: Context, parts: Parts, options: BootOptions = { first: false }): Promise<void> {
  if (parts.live.isRunning(uuid)) return
  const record = parts.machines.get(uuid) ?? options.record
  if (record === undefined) throw new AppError('MachineNotFound', `${uuid}: No such zone configured`)
  const zoneid = parts.live.nextZoneid()
  const plumbing = planMachineNics(record, zoneid, parts)
  const [spec] = await Promise.all([readZoneSpec(record, zoneid, parts), endRemains(uuid, context, parts)])
  try {
    await parts.host.hurry(() => runZone(record, { spec, ...plumbing }, context, parts))
  } catch (error) {
    await endZone(uuid, { ...context, signal: new AbortController().signal }, parts)
    throw error
  }
  startLeasedResolvers(record, parts)
  startMdataExecute(record, options.first, parts)
}

/**
 * The keeper, then the links into its namespace, then init; everything else goes on beside them. A nic without
 * its guard sends nothing, so the guards need not come first. Waits for all, also when one fails.
 */
async function runZone(record: MachineRecord, { spec, nics, routes }: Plumbing, context: Context, parts: Parts): Promise<void> {
  const { uuid } = record
  const { runtime, network } = parts.host
  // Before there is anything that a sweep might take for nobody's.
  await noteBootedNics(uuid, nics, parts)
  const preparing = runtime.prepare(spec, context)
  const opening = parts.metadata.open(uuid, { uid: record.internal.uid_base })
  const guarding = network.setGuards(nics, context)
  const running = preparing.then(async ({ netns }) => {
    await network.attach(netns, nics, routes, context)
    await opening
    parts.live.setStatus(await runtime.launch(uuid, context))
    await noteEntry(uuid, parts)
  })
  await allOrFirstError([preparing, opening, guarding, running])
}

async function noteEntry(uuid: string, parts: Parts): Promise<void> {
  const argv = parts.host.runtime.execCommand(uuid, [], { tty: false })
  await writeFileAtomic(entryNotePath(parts.layout.runDir, uuid), JSON.stringify(argv), { durable: false })
}

/** What a kill of the daemon, or a zone that ended meanwhile, left in the way of a new one. */
async function endRemains(uuid: string, context: Context, parts: Parts): Promise<void> {
  if ((await parts.host.runtime.read(uuid)) !== null) await endZone(uuid, context, parts)
}

/** Ends the zone at once, whatever stage it is in, and removes every trace of it. Safe to repeat. */
export async function endZone(uuid: string, context: Context, parts: Parts): Promise<void> {
  const booted = Object.values(await readBootedNics(uuid, parts))
  await parts.host.hurry(() => allOrFirstError([parts.host.runtime.remove(uuid, context), parts.host.network.detach(booted, context)]))
  await forgetBootedNics(uuid, parts)
  await removeFile(entryNotePath(parts.layout.runDir, uuid), { durable: false })
  await parts.metadata.close(uuid)
  await removeTree(zoneRunDir(parts.layout, uuid))
  parts.live.clearStatus(uuid)
}
