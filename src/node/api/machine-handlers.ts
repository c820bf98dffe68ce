import type { Readable } from 'node:stream'
import { AppError } from '#contracts/errors.ts'
import { matchesFilters, parseFilters, readField, requiredTopLevel } from '#contracts/machine/fields.ts'
import type { Machine } from '#contracts/machine/record.ts'
import { whyNot } from '#contracts/machine/rules.ts'
import type { Context } from '#host/context.ts'
import { validateCreate, validateUpdate } from '#plan/machine/validate.ts'
import { createMachineRequest } from '../machines/create.ts'
import { deleteMachineRequest } from '../machines/delete.ts'
import { killMachineRequest, rebootMachineRequest, startMachineRequest, stopMachineRequest } from '../machines/lifecycle.ts'
import { readAllFacts, readMachine, viewMachine } from '../machines/read.ts'
import { installMachineRequest, receiveMachine } from '../machines/receive.ts'
import { reprovisionMachineRequest } from '../machines/reprovision.ts'
import { sendMachine } from '../machines/send.ts'
import { createSnapshotRequest, deleteSnapshotRequest, rollbackSnapshotRequest } from '../machines/snapshots.ts'
import { updateMachineRequest } from '../machines/update.ts'
import type { Parts } from '../parts.ts'
import { findMachine } from '../state/names.ts'
import { type Call, type Handler, objectBody, type Services } from './handler.ts'

/** Fields that only the file system knows; a list that shows them reads the pool once. */
const storageFields = new Set(['quota', 'snapshots', 'free_space'])

export const machineHandlers = {
  'machine.list': listMachines,
  'machine.get': (call, { parts }) => readMachine(named(call, parts), contextOf(call, parts), parts),
  'machine.create': (call, { parts, operations }) => operations.start(createMachineRequest(objectBody(call), flags(call), parts)),
  'machine.validate_create': (call) => validateCreate(objectBody(call)),
  'machine.validate_update': (call) => validateUpdate(call.params['brand'] ?? '', objectBody(call)),
  'machine.update': (call, { parts, operations }) => operations.start(updateMachineRequest(named(call, parts).uuid, objectBody(call), flags(call), parts)),
  'machine.delete': (call, { parts, operations }) => operations.start(deleteMachineRequest(named(call, parts).uuid, flags(call), parts)),
  'machine.start': (call, { parts, operations }) => operations.start(startMachineRequest(named(call, parts).uuid, parts)),
  'machine.stop': (call, { parts, operations }) =>
    operations.start(stopMachineRequest(named(call, parts).uuid, call.body as { force?: boolean; timeout_s?: number }, parts)),
  'machine.reboot': (call, { parts, operations }) => operations.start(rebootMachineRequest(named(call, parts).uuid, call.body as { force?: boolean }, parts)),
  'machine.kill': (call, { parts, operations }) =>
    operations.start(killMachineRequest(named(call, parts).uuid, (call.body as { signal: string | number }).signal, parts)),
  'machine.reprovision': (call, { parts, operations }) => operations.start(reprovisionMachineRequest(named(call, parts).uuid, objectBody(call), parts)),
  'machine.info': (call, { parts }) => {
    const record = named(call, parts)
    throw new AppError('NotSupported', `no info types supported for brand ${record.brand}`)
  },
  'machine.enter': enterMachine,
  'machine.console': (call, { parts }) => {
    const { uuid } = runningMachine('console', call, parts)
    return { uuid, socket: parts.host.runtime.consoleSocket(uuid) }
  },
  'machine.send': (call, { parts, operations }) => sendMachine(named(call, parts).uuid, { parts, operations }, call.signal),
  'machine.receive': (call, services) => receiveMachine(call.stream as Readable, services),
  'machine.install': (call, { parts, operations }) => operations.start(installMachineRequest(named(call, parts).uuid, parts)),
  'snapshot.create': (call, { parts, operations }) =>
    operations.start(createSnapshotRequest(named(call, parts).uuid, (call.body as { name: string }).name, parts)),
  'snapshot.rollback': (call, { parts, operations }) =>
    operations.start(rollbackSnapshotRequest(named(call, parts).uuid, call.params['snapshot'] ?? '', parts)),
  'snapshot.delete': (call, { parts, operations }) => operations.start(deleteSnapshotRequest(named(call, parts).uuid, call.params['snapshot'] ?? '', parts)),
  'event.follow': followEvents,
} satisfies Record<string, Handler>

async function listMachines(call: Call, { parts }: Services): Promise<Record<string, unknown>[]> {
  const fields = typeof call.query['fields'] === 'string' ? call.query['fields'].split(',') : null
  const filters = parseFilters(toArray(call.query['filter']))
  const top = fields === null ? null : requiredTopLevel([...fields, ...filters.map((filter) => filter.key)])
  if (top === null || [...top].some((name) => storageFields.has(name))) await readAllFacts(contextOf(call, parts), parts)
  const rows: Record<string, unknown>[] = []
  for (const record of parts.machines.all()) {
    const machine = viewMachine(record, parts)
    if (matchesFilters(machine, filters)) rows.push(fields === null ? { ...machine } : pick(machine, fields))
  }
  return rows
}

function pick(machine: Machine, fields: string[]): Record<string, unknown> {
  return Object.fromEntries(
    fields.flatMap((field) => {
      const value = readField(machine, field)
      return value === undefined ? [] : [[field, value]]
    }),
  )
}

function enterMachine(call: Call, { parts }: Services): { uuid: string; argv: string[] } {
  const body = call.body as { argv: string[]; tty: boolean; user?: string; env?: Record<string, string> }
  const { uuid } = runningMachine('enter', call, parts)
  const options = { tty: body.tty, ...(body.user === undefined ? {} : { user: body.user }), ...(body.env === undefined ? {} : { env: body.env }) }
  return { uuid, argv: parts.host.runtime.execCommand(uuid, body.argv, options) }
}

/** The first line tells where the stream stands; with a machine named, only its events follow. */
async function* followEvents(call: Call, { parts }: Services): AsyncGenerator<unknown> {
  const only = typeof call.query['uuid'] === 'string' ? findMachine(call.query['uuid'], parts.machines).uuid : null
  const since = call.query['since'] as number | undefined
  for await (const event of parts.feed.follow(since, call.signal, parts.now())) {
    if (only === null) yield event
    else if (event.type === 'ready') yield { ...event, vms: Object.fromEntries(Object.entries(event.vms).filter(([uuid]) => uuid === only)) }
    else if (event.uuid === only) yield event
  }
}

function named(call: Call, parts: Parts): ReturnType<typeof findMachine> {
  return findMachine(call.params['name'] ?? '', parts.machines)
}

function runningMachine(action: 'console' | 'enter', call: Call, parts: Parts): ReturnType<typeof findMachine> {
  const record = named(call, parts)
  const reason = whyNot(action, viewMachine(record, parts))
  // While it is being provisioned a zone runs already, and its owner may want to look.
  if (!parts.live.isRunning(record.uuid))
    throw new AppError('InvalidState', reason ?? `VM ${record.uuid} is not running.`, { hint: `vmadm start ${record.uuid}` })
  return record
}

function flags(call: Call): { strict: boolean; dry_run: boolean } {
  return { strict: call.query['strict'] === true, dry_run: call.query['dry_run'] === true }
}

function toArray(value: unknown): string[] {
  return value === undefined ? [] : Array.isArray(value) ? (value as string[]) : [value as string]
}

function contextOf(call: Call, parts: Parts): Context {
  return { signal: call.signal, log: parts.log, now: parts.now }
}
