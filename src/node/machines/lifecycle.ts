import { AppError } from '#contracts/errors.ts'
import type { MachineRecord } from '#contracts/machine/record.ts'
import { alreadyDone, type MachineAction, whyNot, whyProtected } from '#contracts/machine/rules.ts'
import type { Request } from '../operations/request.ts'
import type { Parts } from '../parts.ts'
import type { Plan, Step } from '../steps/step.ts'
import { assertStartable } from './startable.ts'
import { publishMachine, viewMachine } from './read.ts'

/** Graces of smartos-node reference 1.7, in seconds. */
const osGraceS = 60
const dockerGraceS = 10
const rebootGraceS = 180

/** Every operation that starts or ends a machine's run. */
export function startMachineRequest(uuid: string, parts: Parts): Request {
  return { ...about(uuid, 'machine.start', parts), transition: 'starting', plan: () => planStart(current(uuid, parts), parts) }
}

export function stopMachineRequest(uuid: string, options: { force?: boolean | undefined; timeout_s?: number | undefined }, parts: Parts): Request {
  const record = current(uuid, parts)
  if (options.timeout_s !== undefined && record.docker !== true) {
    throw new AppError('NotSupported', 'Timeout option is only supported for bhyve, KVM and docker containers.')
  }
  return { ...about(uuid, 'machine.stop', parts), transition: 'stopping', plan: () => planStop(current(uuid, parts), options, parts) }
}

/** With the node: autoboot stays, so that the machine comes back with it. */
export function shutDownMachineRequest(uuid: string, graceS: number, parts: Parts): Request {
  return {
    ...about(uuid, 'machine.stop', parts),
    transition: 'stopping',
    plan: () => {
      if (!parts.live.isRunning(uuid)) return runtimePlan([])
      return { ...runtimePlan([{ kind: 'zone.shutdown', uuid, grace_s: graceS, was_running: true }]), commit: { when: 'always' } }
    },
  }
}

export function rebootMachineRequest(uuid: string, options: { force?: boolean | undefined }, parts: Parts): Request {
  return { ...about(uuid, 'machine.reboot', parts), plan: () => planReboot(current(uuid, parts), options, parts) }
}

export function killMachineRequest(uuid: string, signal: string | number, parts: Parts): Request {
  return {
    ...about(uuid, 'machine.kill', parts),
    plan: () => {
      refuse('kill', current(uuid, parts), parts)
      return runtimePlan([{ kind: 'zone.signal', uuid, signal }])
    },
  }
}

/** The record now; machines go away while an operation waits for its turn. */
export function current(uuid: string, parts: Parts): MachineRecord {
  const record = parts.machines.require(uuid)
  if (record === undefined) throw new AppError('MachineNotFound', `${uuid}: No such zone configured`)
  return record
}

/** Throws the rule's sentence when the machine's state does not allow the action. */
export function refuse(action: MachineAction, record: MachineRecord, parts: Parts): void {
  const machine = viewMachine(record, parts)
  // What this very operation is about to do does not stand in its own way.
  const state = parts.live.transition(record.uuid) === undefined ? machine.state : settledState(record, parts)
  const reason = whyNot(action, { uuid: record.uuid, brand: record.brand, state })
  if (reason !== null) throw new AppError('InvalidState', reason)
}

export function settledState(record: MachineRecord, parts: Parts): 'running' | 'stopped' | 'failed' | 'receiving' {
  if (record.internal.failed !== undefined) return 'failed'
  if (record.internal.receiving === true) return 'receiving'
  return parts.live.isRunning(record.uuid) ? 'running' : 'stopped'
}

/** Throws the rule's sentence when a guard of the machine forbids the action. */
export function assertUnprotected(action: 'delete' | 'reprovision', record: MachineRecord): void {
  const reason = whyProtected(action, record)
  if (reason !== null) throw new AppError('Indestructible', reason)
}

export function about(uuid: string, kind: Request['kind'], parts: Parts): Pick<Request, 'kind' | 'subject' | 'settle'> {
  return { kind, subject: uuid, settle: () => publishMachine(uuid, parts) }
}

function planStart(record: MachineRecord, parts: Parts): Plan {
  const { uuid } = record
  const done = alreadyDone('start', { uuid, brand: record.brand, state: settledState(record, parts) })
  if (done !== null) return { ...runtimePlan(autobootSteps(record, true, parts)), warnings: [done] }
  refuse('start', record, parts)
  assertStartable(record, parts)
  return {
    ...runtimePlan([...bootPreparation(record), { kind: 'zone.boot', uuid, first: false }, ...autobootSteps(record, true, parts)]),
    durable: !record.autoboot,
  }
}

function planStop(record: MachineRecord, options: { force?: boolean | undefined; timeout_s?: number | undefined }, parts: Parts): Plan {
  const { uuid } = record
  const autoboot = autobootSteps(record, false, parts)
  const done = alreadyDone('stop', { uuid, brand: record.brand, state: settledState(record, parts) })
  if (done !== null) return { ...runtimePlan(autoboot), warnings: [done] }
  const grace = options.timeout_s ?? (record.docker === true ? dockerGraceS : osGraceS)
  const end: Step = options.force === true ? { kind: 'zone.halt', uuid, was_running: true } : { kind: 'zone.shutdown', uuid, grace_s: grace, was_running: true }
  return { ...runtimePlan([...autoboot, end]), durable: autoboot.length > 0, commit: { when: 'always' } }
}

function planReboot(record: MachineRecord, options: { force?: boolean | undefined }, parts: Parts): Plan {
  const { uuid } = record
  refuse('reboot', record, parts)
  assertStartable(record, parts)
  const end: Step =
    options.force === true ? { kind: 'zone.halt', uuid, was_running: true } : { kind: 'zone.shutdown', uuid, grace_s: rebootGraceS, was_running: true }
  return { ...runtimePlan([end, ...bootPreparation(record), { kind: 'zone.boot', uuid, first: false }]), commit: { when: 'always' } }
}

/** start sets autoboot, stop clears it (reference 1.7); the record is written only when that changes it. */
function autobootSteps(record: MachineRecord, autoboot: boolean, parts: Parts): Step[] {
  if (record.autoboot === autoboot) return []
  return [{ kind: 'record.write', record: { ...record, autoboot, last_modified: parts.now().toISOString() }, previous: record }]
}

function bootPreparation(record: MachineRecord): Step[] {
  return record.maintain_resolvers === true ? [{ kind: 'guest.prepare', uuid: record.uuid, dataset: record.uuid, record, first_boot: false }] : []
}

/** What it does ends with the next reboot of the node anyway, so a kill in the middle is simply taken back, unless the caller says otherwise. */
function runtimePlan(steps: Step[]): Plan {
  return { steps, commit: { when: 'never' }, durable: false, warnings: [] }
}
