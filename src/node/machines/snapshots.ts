import { AppError } from '#contracts/errors.ts'
import type { MachineRecord } from '#contracts/machine/record.ts'
import { isSnapshotName } from '#contracts/machine/rules.ts'
import type { Context } from '#host/context.ts'
import type { SnapshotName } from '#host/storage.ts'
import type { Request } from '../operations/request.ts'
import type { Parts } from '../parts.ts'
import type { Plan, Step } from '../steps/step.ts'
import { about, current, refuse } from './lifecycle.ts'

/** User snapshots under this prefix, others are the system's own (smartos-node reference 1.8, 6.2). */
const prefix = 'vmsnap-'

export function createSnapshotRequest(uuid: string, name: string, parts: Parts): Request {
  assertName(name)
  return { ...about(uuid, 'snapshot.create', parts), plan: (context) => planTake(current(uuid, parts), name, context, parts) }
}

export function rollbackSnapshotRequest(uuid: string, name: string, parts: Parts): Request {
  assertName(name)
  return { ...about(uuid, 'snapshot.rollback', parts), plan: (context) => planRollback(current(uuid, parts), name, context, parts) }
}

export function deleteSnapshotRequest(uuid: string, name: string, parts: Parts): Request {
  assertName(name)
  return { ...about(uuid, 'snapshot.delete', parts), plan: (context) => planDelete(current(uuid, parts), name, context, parts) }
}

function assertName(name: string): void {
  if (!isSnapshotName(name)) throw new AppError('InvalidPayload', 'Invalid snapshot name', { hint: 'use 1 to 64 of A-Z a-z 0-9 - _ . : %' })
}

async function planTake(record: MachineRecord, name: string, context: Context, parts: Parts): Promise<Plan> {
  refuse('snapshot', record, parts)
  if (record.delegate_dataset === true) throw new AppError('NotSupported', 'Cannot currently snapshot zones that have datasets')
  if (await hasSnapshot(record.uuid, name, context, parts)) throw new AppError('SnapshotExists', `snapshot with name "${name}" already exists.`)
  return snapshotPlan([{ kind: 'snapshot.take', snapshot: snapshotOf(record.uuid, name) }], 'never')
}

async function planRollback(record: MachineRecord, name: string, context: Context, parts: Parts): Promise<Plan> {
  refuse('rollback', record, parts)
  if (!(await hasSnapshot(record.uuid, name, context, parts))) throw noSnapshot(record.uuid, name)
  const { uuid } = record
  const wasRunning = parts.live.isRunning(uuid)
  const again: Step[] = wasRunning ? [{ kind: 'zone.boot', uuid, first: false }] : []
  const steps: Step[] = [{ kind: 'zone.halt', uuid, was_running: wasRunning }, { kind: 'snapshot.rollback', snapshot: snapshotOf(uuid, name) }, ...again]
  // A rollback cannot be taken back, only done again; a failure before it leaves the machine as it was.
  return { ...snapshotPlan(steps, 'always') }
}

async function planDelete(record: MachineRecord, name: string, context: Context, parts: Parts): Promise<Plan> {
  if (!(await hasSnapshot(record.uuid, name, context, parts))) throw noSnapshot(record.uuid, name)
  return snapshotPlan([{ kind: 'snapshot.destroy', snapshot: snapshotOf(record.uuid, name) }], 'always')
}

function snapshotPlan(steps: Step[], when: 'never' | 'always'): Plan {
  return { steps, commit: { when }, durable: true, warnings: [] }
}

function snapshotOf(uuid: string, name: string): SnapshotName {
  return { dataset: uuid, snapshot: `${prefix}${name}` }
}

async function hasSnapshot(uuid: string, name: string, context: Context, parts: Parts): Promise<boolean> {
  const snapshots = await parts.host.storage.listSnapshots(uuid, context)
  return snapshots.some((snapshot) => snapshot.name === `${prefix}${name}`)
}

function noSnapshot(uuid: string, name: string): AppError {
  return new AppError('SnapshotNotFound', `No snapshot named "${name}" for ${uuid}`, { hint: `vmadm get ${uuid}` })
}
