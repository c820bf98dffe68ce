import { randomUUID } from 'node:crypto'
import type { MachineRecord } from '#contracts/machine/record.ts'
import { planUpdate, type UpdatePlan } from '#plan/machine/update.ts'
import type { Request } from '../operations/request.ts'
import type { Parts } from '../parts.ts'
import type { Plan, Step } from '../steps/step.ts'
import { committedBy, datasetOptions, indestructibleSnapshot, indestructibleTag, nextRevision, randomMac } from './create.ts'
import { about, current, refuse } from './lifecycle.ts'
import { limitsOf, volumesOf } from './zone-spec.ts'

const gib = 2 ** 30
/** What is unset goes back to (reference 1.5.3). */
const defaultRecordsize = 131_072

export function updateMachineRequest(uuid: string, payload: Record<string, unknown>, options: { strict: boolean; dry_run: boolean }, parts: Parts): Request {
  return {
    ...about(uuid, 'machine.update', parts),
    dry_run: options.dry_run,
    plan: async (context) => {
      const record = current(uuid, parts)
      const quotaBytes = (await parts.host.storage.read(uuid, context))?.quota_bytes ?? null
      return planMachineUpdate({ record, quotaBytes }, payload, options.strict, parts)
    },
  }
}

function planMachineUpdate(
  { record, quotaBytes }: { record: MachineRecord; quotaBytes: number | null },
  payload: Record<string, unknown>,
  strict: boolean,
  parts: Parts,
): Plan {
  refuse('update', record, parts)
  const running = parts.live.isRunning(record.uuid)
  const planned = planUpdate({ record, quota_gib: quotaBytes === null ? null : Math.ceil(quotaBytes / gib), running }, payload, {
    now: parts.now().toISOString(),
    newUuid: randomUUID,
    newMac: randomMac,
    readNicTag: (name) => parts.tags.get(name) ?? null,
    readImage: (uuid) => parts.images.get(uuid) ?? null,
    conflicts: parts.addresses,
    strict,
  })
  const next = nextRevision(planned.record, record)
  const warnings = [...planned.warnings, ...restartWarning(record.uuid, planned, running)]
  return {
    steps: [
      ...storageSteps(record, planned, quotaBytes),
      { kind: 'record.write', record: next, previous: record },
      ...liveSteps(record, { ...planned, record: next }, running),
    ],
    commit: committedBy(next),
    durable: true,
    warnings,
  }
}

function storageSteps(record: MachineRecord, { effects, quota_gib, record: next }: UpdatePlan, previousBytes: number | null): Step[] {
  const { uuid } = record
  const rootOptions: Step = {
    kind: 'dataset.options',
    dataset: uuid,
    options: datasetOptions(next.zfs_root_compression ?? 'off', next.zfs_root_recsize ?? defaultRecordsize),
    previous: datasetOptions(record.zfs_root_compression ?? 'off', record.zfs_root_recsize ?? defaultRecordsize),
  }
  const dataOptions: Step = {
    kind: 'dataset.options',
    dataset: `${uuid}/data`,
    options: datasetOptions(next.zfs_data_compression ?? 'off', next.zfs_data_recsize ?? defaultRecordsize),
    previous: datasetOptions(record.zfs_data_compression ?? 'off', record.zfs_data_recsize ?? defaultRecordsize),
  }
  const volumes = new Set(volumesOf(record))
  return [
    ...when(effects.quota, { kind: 'dataset.quota', dataset: uuid, bytes: quota_gib === null ? null : quota_gib * gib, previous: previousBytes }),
    ...when(effects.dataset_options, rootOptions),
    ...when(effects.dataset_options && record.delegate_dataset === true, dataOptions),
    ...volumesOf(next)
      .filter((dataset) => !volumes.has(dataset))
      .map((dataset): Step => ({ kind: 'dataset.create', dataset, options: {} })),
    ...holdSteps(uuid, effects.indestructible_zoneroot),
    ...holdSteps(`${uuid}/data`, effects.indestructible_delegated),
  ]
}

function holdSteps(dataset: string, wanted: boolean | null): Step[] {
  if (wanted === null) return []
  const snapshot = { dataset, snapshot: indestructibleSnapshot }
  return [{ kind: wanted ? 'snapshot.hold' : 'snapshot.release', snapshot, tag: indestructibleTag }]
}

/** What changes in the zone as it runs, after the record says so. */
function liveSteps(record: MachineRecord, { effects, record: next }: UpdatePlan, running: boolean): Step[] {
  if (!running) return []
  const { uuid } = record
  const resizesTmp = effects.tmpfs && next.tmpfs > 0 && record.tmpfs > 0
  const touchesNics = effects.guards || effects.addresses || effects.routes
  const seenByGuest = effects.resolvers || effects.metadata || effects.addresses || effects.hostname
  return [
    ...when(effects.limits, { kind: 'zone.limits', uuid, limits: limitsOf(next), previous: limitsOf(record) }),
    ...when(resizesTmp, { kind: 'zone.tmpfs', uuid, mib: next.tmpfs, previous: record.tmpfs }),
    ...when(touchesNics, { kind: 'nic.apply', uuid, record: next, previous: record }),
    ...when(seenByGuest, { kind: 'guest.refresh', uuid, resolvers: effects.resolvers, metadata: true }),
  ]
}

function when(condition: boolean, step: Step): Step[] {
  return condition ? [step] : []
}

function restartWarning(uuid: string, { effects }: UpdatePlan, running: boolean): string[] {
  if (!running || effects.restart_needed.length === 0) return []
  return [`${effects.restart_needed.join(', ')}: takes effect when VM ${uuid} is rebooted`]
}
