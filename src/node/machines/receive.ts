import { randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import { AppError } from '#contracts/errors.ts'
import type { MachineRecord } from '#contracts/machine/record.ts'
import type { Operation } from '#contracts/operation/schema.ts'
import type { Context } from '#host/context.ts'
import { readBundle } from '#lib/bundle.ts'
import { conflictsOf } from '#plan/machine/conflicts.ts'
import { readImageFacts } from '../images/operations.ts'
import type { Operations } from '../operations/operations.ts'
import type { Request } from '../operations/request.ts'
import type { Parts } from '../parts.ts'
import { parseMachineRecord } from '../state/parse-record.ts'
import type { Plan, StepOf } from '../steps/step.ts'
import { committedBy, nextRevision } from './create.ts'
import { about, current } from './lifecycle.ts'
import { publishMachine } from './read.ts'
import { type BundleHead, sendingSnapshot } from './send.ts'
import { nextUidBase } from './uid-base.ts'

const headBytes = 16 << 20

/**
 * `vmadm receive`: the first part tells the machine, the rest are its datasets. With no datasets in the bundle
 * the machine waits in state `receiving` until they have come by another way and `install` finishes it.
 */
export async function receiveMachine(input: Readable, { parts, operations }: { parts: Parts; operations: Operations }): Promise<Operation> {
  const bundle = readBundle(input)
  const head = await readHead(bundle, parts)
  const id = randomUUID()
  parts.incoming.set(id, bundle)
  const request = receiveRequest(head, id, parts)
  const operation = operations.start(request)
  void operations.wait(operation.id).finally(() => parts.incoming.delete(id))
  return operation
}

async function readHead(bundle: ReturnType<typeof readBundle>, parts: Parts): Promise<BundleHead> {
  try {
    const first = await bundle.next()
    if (first.done === true) throw new Error('It is empty.')
    const { name, size, stream } = first.value
    if (name !== 'vm.json' || size === null || size > headBytes) throw new Error('Its first part is not the machine.')
    const head = JSON.parse(Buffer.concat(await stream.toArray()).toString()) as BundleHead
    const record = parseMachineRecord(head.record)
    if (head.v !== 1 || !Array.isArray(head.parts)) throw new Error('Its first part is of a form that is not known.')
    if (head.parts.length > 0 && head.stream !== parts.host.storage.kind) {
      throw new AppError('NotSupported', `The bundle holds ${head.stream} streams; the pool of this node is ${parts.host.storage.kind}.`)
    }
    return { ...head, record }
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    throw new AppError('InvalidPayload', 'What was received is not the bundle of a machine.', { cause })
  }
}

function receiveRequest(head: BundleHead, bundle: string, parts: Parts): Request {
  const { uuid } = head.record
  if (parts.machines.require(uuid) !== undefined || parts.reserved.has(uuid)) throw new AppError('MachineExists', `VM with UUID ${uuid} already exists`)
  const conflicts = conflictsOf(head.record, parts.addresses)
  if (conflicts.length > 0)
    throw new AppError('AddressConflict', `Conflict detected with another vm, please check the MAC, IP, and VRID: ${conflicts.join('; ')}.`)
  const record = asReceived(head.record, parts)
  parts.reserved.set(uuid, record)
  return {
    kind: 'machine.receive',
    subject: uuid,
    transition: 'receiving',
    plan: (context) => (head.parts.length === 0 ? planAwaiting(record) : planReceive({ head, record, bundle }, context, parts)),
    settle: async () => {
      parts.reserved.delete(uuid)
      await publishMachine(uuid, parts)
    },
  }
}

/** The record as this node keeps it: its own id range, its own node, nothing of what was going on where it came from. */
function asReceived(record: MachineRecord, parts: Parts): MachineRecord {
  const internal = { uid_base: nextUidBase(parts), receiving: true }
  return nextRevision({ ...record, server_uuid: parts.serverUuid, zpool: parts.host.storage.pool, last_modified: parts.now().toISOString(), internal }, null)
}

function planAwaiting(record: MachineRecord): Plan {
  const { uuid } = record
  const warnings = [`VM ${uuid} waits for its datasets; \`vmadm install ${uuid}\` finishes it`]
  return { steps: [{ kind: 'record.write', record, previous: null }], commit: committedBy(record), durable: true, result: { uuid }, warnings }
}

async function planReceive(
  { head, record, bundle }: { head: BundleHead; record: MachineRecord; bundle: string },
  context: Context,
  parts: Parts,
): Promise<Plan> {
  const { uuid } = record
  if (await parts.host.storage.exists(uuid, context))
    throw new AppError('DatasetExists', `The pool has a dataset ${uuid} already; the machine cannot be received.`)
  const { receiving: _done, ...internal } = record.internal
  const complete = { ...record, internal }
  return {
    commit: committedBy(record),
    durable: true,
    result: { uuid },
    steps: [
      { kind: 'machine.load', uuid, bundle },
      { kind: 'dataset.quota', dataset: uuid, bytes: head.quota_bytes, previous: null },
      { kind: 'record.write', record: complete, previous: null },
      { kind: 'machine.inspect', uuid },
    ],
    warnings: [],
  }
}

/** Receives every dataset of the bundle; the snapshot made for sending goes. */
export async function loadMachine({ uuid, bundle }: StepOf<'machine.load'>, context: Context, parts: Parts): Promise<void> {
  const input = parts.incoming.get(bundle)
  if (input === undefined) throw new AppError('Cancelled', `The bundle of ${uuid} comes no more.`)
  const { storage } = parts.host
  const datasets = new Set<string>()
  try {
    for await (const { name, stream } of input) {
      const [dataset = ''] = name.split('@')
      if (dataset !== uuid && !dataset.startsWith(`${uuid}/`))
        throw new AppError('InvalidPayload', `The bundle of ${uuid} holds a dataset of another machine: ${name}.`)
      await storage.receive(dataset, stream, context)
      datasets.add(dataset)
    }
    for (const dataset of datasets) await storage.destroySnapshot({ dataset, snapshot: sendingSnapshot }, context)
  } catch (error) {
    await storage.destroy(uuid, { ...context, signal: new AbortController().signal })
    if (error instanceof AppError) throw error
    throw new AppError('InvalidPayload', `The bundle of VM ${uuid} is broken or was cut short; nothing of it was kept.`, { cause: error })
  }
}

/** Notes what the received root holds: its image may not be installed here. */
export async function inspectMachine(uuid: string, parts: Parts): Promise<void> {
  const facts = await readImageFacts(uuid, parts)
  await parts.machines.update(uuid, (record) => {
    if (record === undefined) throw new AppError('MachineNotFound', `${uuid}: No such zone configured`)
    return { ...record, internal: { ...record.internal, facts } }
  })
}

/** `vmadm install`: the datasets of a received machine are there, so it is one like any other from now on. */
export function installMachineRequest(uuid: string, parts: Parts): Request {
  return {
    ...about(uuid, 'machine.install', parts),
    plan: async (context) => {
      const record = current(uuid, parts)
      if (record.internal.receiving !== true) throw new AppError('InvalidState', `VM ${uuid} is not being received; there is nothing to install.`)
      if (!(await parts.host.storage.exists(uuid, context)))
        throw new AppError('DatasetNotFound', `Dataset ${parts.host.storage.pool}/${uuid} of VM ${uuid} has not arrived yet.`)
      const { receiving: _done, ...internal } = record.internal
      const next = nextRevision({ ...record, internal }, record)
      return {
        steps: [
          { kind: 'record.write', record: next, previous: record },
          { kind: 'machine.inspect', uuid },
        ],
        commit: committedBy(next),
        durable: true,
        warnings: [],
      }
    },
  }
}
