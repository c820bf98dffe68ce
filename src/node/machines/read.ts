import { join } from 'node:path'
import type { Machine, MachineRecord } from '#contracts/machine/record.ts'
import type { Context } from '#host/context.ts'
import { readJsonFile } from '#host/fs/atomic.ts'
import type { Dataset } from '#host/storage.ts'
import { renderMachine } from '#plan/machine/view.ts'
import type { Parts } from '../parts.ts'
import type { LastExit, StorageFacts } from '../state/live.ts'

const noFacts: StorageFacts = { quota_bytes: null, snapshots: [], datasets: [] }

/** The machine as vmadm shows it, from what was last seen; touches nothing. */
export function viewMachine(record: MachineRecord, parts: Omit<Parts, 'metadata'>): Machine {
  const { live, host } = parts
  const facts = live.facts(record.uuid) ?? noFacts
  const status = live.status(record.uuid)
  return renderMachine(record, {
    status:
      status === undefined || status.stage === 'orphaned'
        ? null
        : { state: status.stage, pid: status.pid, zoneid: status.zoneid, started_at: status.started_at },
    transition: live.transition(record.uuid) ?? null,
    quota_bytes: facts.quota_bytes,
    snapshots: facts.snapshots,
    datasets: facts.datasets,
    mountpoint: host.storage.mountpointOf(record.uuid),
    last_exit: live.lastExit(record.uuid) ?? null,
    ...(typeof parts.platform?.stamp === 'string' ? { platform_buildstamp: parts.platform.stamp } : {}),
  })
}

/** Reads the machine's file system facts again, then views it and publishes what changed. */
export async function readMachine(record: MachineRecord, context: Context, parts: Parts): Promise<Machine> {
  await readFacts(record, context, parts)
  const machine = viewMachine(parts.machines.get(record.uuid) ?? record, parts)
  parts.feed.publish(record.uuid, machine, parts.now())
  return machine
}

/** After an operation: what is there now is published, or its end. */
export async function publishMachine(uuid: string, parts: Parts): Promise<void> {
  const record = parts.machines.get(uuid)
  if (record === undefined) return parts.feed.publish(uuid, null, parts.now())
  await readMachine(record, { signal: new AbortController().signal, log: parts.log, now: parts.now }, parts)
}

/** Publishes from memory only, e.g. when a state changed and no file did. */
export function publishState(uuid: string, parts: Omit<Parts, 'metadata'>): void {
  const record = parts.machines.get(uuid)
  if (record !== undefined) parts.feed.publish(uuid, viewMachine(record, parts), parts.now())
}

async function readFacts(record: MachineRecord, context: Context, parts: Parts): Promise<void> {
  const { storage } = parts.host
  const [dataset, snapshots] = await Promise.all([storage.read(record.uuid, context), storage.listSnapshots(record.uuid, context)])
  parts.live.setFacts(record.uuid, factsOf(record, dataset, snapshots, parts))
}

/** One pass over the pool for all machines: at start, and when a list asks for what only the file system knows. */
export async function readAllFacts(context: Context, parts: Parts): Promise<void> {
  const [list, snapshots] = await Promise.all([parts.host.storage.list(context), parts.host.storage.listAllSnapshots(context)])
  const datasets = new Map(list.map((dataset) => [dataset.name, dataset]))
  for (const record of parts.machines.all()) {
    parts.live.setFacts(record.uuid, factsOf(record, datasets.get(record.uuid) ?? null, snapshots.get(record.uuid) ?? [], parts))
  }
}

function factsOf(record: MachineRecord, dataset: Dataset | null, snapshots: StorageFacts['snapshots'], parts: Parts): StorageFacts {
  const data = record.delegate_dataset === true ? [`${parts.host.storage.pool}/${record.uuid}/data`] : []
  return { quota_bytes: dataset?.quota_bytes ?? null, snapshots, datasets: data }
}

/** How the zone's init ended last, as the keeper noted it. */
export async function readLastExit(uuid: string, parts: Parts): Promise<void> {
  const noted = await readJsonFile(join(parts.host.storage.mountpointOf(uuid), 'lastexited')).catch(() => null)
  if (isLastExit(noted)) parts.live.setLastExit(uuid, noted)
}

function isLastExit(value: unknown): value is LastExit {
  return (
    typeof value === 'object' &&
    value !== null &&
    'exit_status' in value &&
    typeof value.exit_status === 'number' &&
    'exit_timestamp' in value &&
    typeof value.exit_timestamp === 'string'
  )
}
