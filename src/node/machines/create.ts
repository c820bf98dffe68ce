import { randomBytes, randomUUID } from 'node:crypto'
import { AppError } from '#contracts/errors.ts'
import type { MachineRecord } from '#contracts/machine/record.ts'
import type { Context } from '#host/context.ts'
import { type CreatePlan, planCreate } from '#plan/machine/create.ts'
import { hasGuestWork } from '../guest/guest-work.ts'
import { finalSnapshot } from '../images/operations.ts'
import type { Request } from '../operations/request.ts'
import type { Parts } from '../parts.ts'
import type { Commit, Plan, Step } from '../steps/step.ts'
import { publishMachine } from './read.ts'
import { isSystemd, volumesOf } from './zone-spec.ts'
import { nextUidBase } from './uid-base.ts'

const gib = 2 ** 30
/** smartos-node reference 1.7. */
const provisionTimeoutS = 300

/**
 * Checks the payload at once, so that a bad one is refused before anything waits, and takes the UUID, the
 * addresses and the uid range for it in the same instant, so that two requests never plan the same.
 */
export function createMachineRequest(payload: Record<string, unknown>, options: { strict: boolean; dry_run: boolean }, parts: Parts): Request {
  const planned = planCreate(payload, {
    now: parts.now().toISOString(),
    newUuid: randomUUID,
    newMac: randomMac,
    uid_base: nextUidBase(parts),
    server_uuid: parts.serverUuid,
    ...(parts.datacenterName === undefined ? {} : { datacenter_name: parts.datacenterName }),
    zpool: parts.host.storage.pool,
    readImage: (uuid) => parts.images.get(uuid) ?? null,
    readNicTag: (name) => parts.tags.get(name) ?? null,
    exists: (uuid) => parts.machines.require(uuid) !== undefined || parts.reserved.has(uuid),
    conflicts: parts.addresses,
    strict: options.strict,
    platform: parts.platform !== null,
  })
  const { uuid } = planned.record
  if (!options.dry_run) {
    parts.reserved.set(uuid, planned.record)
    parts.addresses.add(planned.record)
  }
  return {
    kind: 'machine.create',
    subject: uuid,
    dry_run: options.dry_run,
    transition: 'provisioning',
    plan: (context) => planMachineCreate(planned, context, parts),
    settle: async () => {
      if (options.dry_run) return
      parts.reserved.delete(uuid)
      const record = parts.machines.get(uuid)
      if (record === undefined || record.internal.failed !== undefined) parts.addresses.remove(uuid)
      await publishMachine(uuid, parts)
    },
  }
}

async function planMachineCreate(planned: CreatePlan, context: Context, parts: Parts): Promise<Plan> {
  const record = nextRevision(withProvisioning(planned.record, parts), null)
  const { uuid } = record
  if (await parts.host.storage.exists(uuid, context)) {
    throw new AppError('DatasetExists', `The pool has a dataset ${uuid} already; a machine with that UUID cannot be created.`, {
      hint: 'choose another uuid, or receive the machine',
    })
  }
  const options = {
    quota_bytes: planned.quota_gib === null ? null : planned.quota_gib * gib,
    ...datasetOptions(record.zfs_root_compression, record.zfs_root_recsize),
  }
  const steps: Step[] = [
    { kind: 'dataset.clone', origin: { dataset: record.image_uuid, snapshot: finalSnapshot }, dataset: uuid, options },
    ...childDatasets(record),
    { kind: 'guest.prepare', uuid, dataset: uuid, record, first_boot: true },
    ...indestructibleSteps(record),
    writeAndBoot(record),
  ]
  if (record.autoboot && record.internal.provisioning === true && record.nowait !== true)
    steps.push({ kind: 'guest.await', uuid, timeout_s: provisionTimeoutS })
  return { steps, commit: committedBy(record), durable: true, warnings: planned.warnings, result: { uuid } }
}

/** The disk takes its time to keep the record; the zone can boot meanwhile. */
function writeAndBoot(record: MachineRecord): Step {
  const write: Step = { kind: 'record.write', record, previous: null }
  return record.autoboot ? { kind: 'together', steps: [write, { kind: 'zone.boot', uuid: record.uuid, first: true, record }] } : write
}

/** Only a guest that has something to do on its first boot, or that boots a whole system, is waited for. */
function withProvisioning(record: MachineRecord, parts: Parts): MachineRecord {
  const waits = record.autoboot && (isSystemd(record, parts) || hasGuestWork(record))
  return waits ? { ...record, internal: { ...record.internal, provisioning: true } } : record
}

/** A restart finds the operation committed when the record on disk is the one it wrote. */
export function committedBy(record: MachineRecord): Commit {
  return { when: 'record_written', uuid: record.uuid, revision: record.internal.revision ?? 0 }
}

/** The record as the next operation writes it. */
export function nextRevision(record: MachineRecord, previous: MachineRecord | null): MachineRecord {
  return { ...record, internal: { ...record.internal, revision: (previous?.internal.revision ?? 0) + 1 } }
}

function childDatasets(record: MachineRecord): Step[] {
  const volumes = volumesOf(record)
  const delegated: Step[] =
    record.delegate_dataset === true
      ? [{ kind: 'dataset.create', dataset: `${record.uuid}/data`, options: datasetOptions(record.zfs_data_compression, record.zfs_data_recsize) }]
      : []
  return [...delegated, ...volumes.map((dataset): Step => ({ kind: 'dataset.create', dataset, options: {} }))]
}

function indestructibleSteps(record: MachineRecord): Step[] {
  const datasets = [
    ...(record.indestructible_zoneroot === true ? [record.uuid] : []),
    ...(record.indestructible_delegated === true ? [`${record.uuid}/data`] : []),
  ]
  return datasets.map((dataset) => ({ kind: 'snapshot.hold', snapshot: { dataset, snapshot: indestructibleSnapshot }, tag: indestructibleTag }))
}

/** smartos-node reference 1.5.1. */
export const indestructibleSnapshot = 'indestructible'
export const indestructibleTag = 'do_not_destroy'

export function datasetOptions(compression: string | undefined, recordsize: number | undefined): { compression?: string; recordsize?: number } {
  return { ...(compression === undefined ? {} : { compression }), ...(recordsize === undefined ? {} : { recordsize }) }
}

/** Locally administered, under the prefix of our hypervisor kind; the index refuses one that is taken. */
export function randomMac(): string {
  return ['02', '08', '20', ...[...randomBytes(3)].map((byte) => byte.toString(16).padStart(2, '0'))].join(':')
}
