import { randomUUID } from 'node:crypto'
import type { MachineRecord } from '#contracts/machine/record.ts'
import { planUpdate, type UpdatePlan } from '#plan/machine/update.ts'
import type { Request } from '../operations/operations.ts'
import type { Parts } from '../parts.ts'
import type { Plan, Step } from '../steps/step.ts'
import { committedBy, datasetOptions, indestructibleSnapshot, indestructibleTag, nextRevision, randomMac } from './create.ts'
import { about, current, refuse } from './lifecycle.ts'
import { limitsOf } from './zone-spec.ts'

const gib = 2 ** 30

export function updateMachineRequest(uuid: string, payload: Record<string, unknown>, options: { strict: boolean; dry_run: boolean }, parts: Parts): Request {
  return {
    ...about(uuid, 'machine.update', parts),
    dry_run: options.dry_run,
    plan: () => planMachineUpdate(current(uuid, parts), payload, options.strict, parts),
  }
}

function planMachineUpdate(record: MachineRecord, payload: Record<string, unknown>, strict: boolean, parts: Parts): Plan {
  refuse('update', record, parts)
  const quotaBytes = parts.live.facts(record.uuid)?.quota_bytes ?? null
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
  const steps: Step[] = []
  if (effects.quota) steps.push({ kind: 'dataset.quota', dataset: uuid, bytes: quota_gib === null ? null : quota_gib * gib, previous: previousBytes })
  if (effects.dataset_options) {
    steps.push({
      kind: 'dataset.options',
      dataset: uuid,
      options: datasetOptions(next.zfs_root_compression, next.zfs_root_recsize),
      previous: datasetOptions(record.zfs_root_compression, record.zfs_root_recsize),
    })
  }
  steps.push(...holdSteps(uuid, effects.indestructible_zoneroot), ...holdSteps(`${uuid}/data`, effects.indestructible_delegated))
  return steps
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
  const steps: Step[] = []
  if (effects.limits) steps.push({ kind: 'zone.limits', uuid, limits: limitsOf(next), previous: limitsOf(record) })
  if (effects.tmpfs && next.tmpfs > 0 && record.tmpfs > 0) steps.push({ kind: 'zone.tmpfs', uuid, mib: next.tmpfs, previous: record.tmpfs })
  if (effects.guards || effects.addresses || effects.routes) steps.push({ kind: 'nic.apply', uuid, record: next, previous: record })
  if (effects.resolvers || effects.metadata || effects.addresses || effects.hostname)
    steps.push({ kind: 'guest.refresh', uuid, resolvers: effects.resolvers, metadata: true })
  return steps
}

function restartWarning(uuid: string, { effects }: UpdatePlan, running: boolean): string[] {
  if (!running || effects.restart_needed.length === 0) return []
  return [`${effects.restart_needed.join(', ')}: takes effect when VM ${uuid} is rebooted`]
}
