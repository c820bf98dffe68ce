import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { AppError, type ErrorCode } from '#contracts/errors.ts'
import type { Operation, OperationKind } from '#contracts/operation/schema.ts'
import { createMachineRequest } from '#node/machines/create.ts'
import { deleteMachineRequest } from '#node/machines/delete.ts'
import { rebootMachineRequest, startMachineRequest, stopMachineRequest } from '#node/machines/lifecycle.ts'
import { viewMachine } from '#node/machines/read.ts'
import { reprovisionMachineRequest } from '#node/machines/reprovision.ts'
import { createSnapshotRequest, deleteSnapshotRequest, rollbackSnapshotRequest } from '#node/machines/snapshots.ts'
import { updateMachineRequest } from '#node/machines/update.ts'
import type { Node } from '#node/node.ts'
import type { Hooks } from '#node/operations/run-plan.ts'
import type { Request } from '#node/operations/request.ts'
import { payload } from './machines.ts'
import { otherImage } from './test-images.ts'

export interface FaultSubject {
  node: Node
  /** Everything that belongs to machines, as the host has it; compared before and after. */
  inventory: () => Promise<unknown>
  dispose: () => Promise<void>
}

/** A place in an operation: where it is made to fail, or is cut short. */
export interface Fault {
  kind: OperationKind
  step: number
  when: 'before' | 'after'
}

type Script = (node: Node, uuid: string) => Promise<Request> | Request

/** Before and after each step. */
export function faultPlaces(kind: OperationKind, steps: number): Fault[] {
  return Array.from({ length: steps }, (_, step) => [{ kind, step, when: 'before' } as const, { kind, step, when: 'after' } as const]).flat()
}

/** Operations on a running machine with a snapshot `kept`. `final`: the step that destroys, and cannot be taken back once it is done. */
export const faultScripts: Record<string, { kind: OperationKind; steps: number; final?: number; script: Script }> = {
  'update': {
    kind: 'machine.update',
    steps: 5,
    script: ({ parts }, uuid) =>
      updateMachineRequest(
        uuid,
        { alias: 'changed', max_physical_memory: 96, quota: 2, indestructible_zoneroot: true, set_tags: { role: 'db' } },
        { strict: true, dry_run: false },
        parts,
      ),
  },
  'snapshot take': { kind: 'snapshot.create', steps: 1, script: ({ parts }, uuid) => createSnapshotRequest(uuid, 'fault', parts) },
  'snapshot delete': { kind: 'snapshot.delete', steps: 1, final: 0, script: ({ parts }, uuid) => deleteSnapshotRequest(uuid, 'kept', parts) },
  'snapshot rollback': { kind: 'snapshot.rollback', steps: 3, script: ({ parts }, uuid) => rollbackSnapshotRequest(uuid, 'kept', parts) },
  'reprovision': { kind: 'machine.reprovision', steps: 7, script: ({ parts }, uuid) => reprovisionMachineRequest(uuid, { image_uuid: otherImage }, parts) },
  'reboot': { kind: 'machine.reboot', steps: 2, script: ({ parts }, uuid) => rebootMachineRequest(uuid, { force: true }, parts) },
  'stop': { kind: 'machine.stop', steps: 2, script: ({ parts }, uuid) => stopMachineRequest(uuid, { force: true }, parts) },
  'delete': { kind: 'machine.delete', steps: 4, script: ({ parts }, uuid) => deleteMachineRequest(uuid, { dry_run: false }, parts) },
}

/**
 * Each operation is failed before and after each of its steps. Afterwards the machine is as it was (or, past
 * the point of no return, as the operation wanted it), and nothing is there that was not there before.
 */
export function registerFaultSuite(label: string, make: (hooks: Hooks) => Promise<FaultSubject>): void {
  let subject: FaultSubject
  let fault: Fault | null = null
  let reached = 0
  const stopAt =
    (when: Fault['when']) =>
    (_step: unknown, entry: { kind: OperationKind }): void => {
      if (fault === null || entry.kind !== fault.kind || when !== fault.when) return
      reached += 1
      if (reached === fault.step + 1) throw new AppError('RuntimeFailed', `planted ${when} step ${fault.step}`)
    }
  const hooks: Hooks = { beforeStep: stopAt('before'), afterStep: stopAt('after') }

  const plant = (next: Fault): void => {
    fault = next
    reached = 0
  }
  const runRequest = async (request: Request): Promise<Operation> => {
    const { operations } = subject.node
    return await operations.wait(operations.start(request).id)
  }
  const runWell = async (request: Request): Promise<Operation> => {
    fault = null
    const operation = await runRequest(request)
    assert.equal(operation.state, 'done', JSON.stringify(operation.error))
    return operation
  }

  before(async () => {
    subject = await make(hooks)
  })
  after(async () => await subject?.dispose())

  test(`${label}: a create that fails at any step leaves nothing`, async () => {
    const create = (): Request =>
      createMachineRequest(payload({ delegate_dataset: true, indestructible_zoneroot: true }), { strict: true, dry_run: false }, subject.node.parts)
    const clean = await subject.inventory()
    for (let step = 0; step < 5; step += 1) {
      for (const when of ['before', 'after'] as const) {
        plant({ kind: 'machine.create', step, when })
        const operation = await runRequest(create())
        assertPlanted(operation, `create, ${when} step ${step}`)
        assert.deepEqual(await subject.inventory(), clean, `create, ${when} step ${step}`)
        assert.equal(subject.node.parts.machines.size(), 0)
      }
    }
    assert.equal(subject.node.parts.reserved.size, 0)
  })

  for (const [name, { kind, steps, final, script }] of Object.entries(faultScripts)) {
    test(`${label}: ${name} that fails at any step leaves the machine whole`, async () => {
      const clean = await subject.inventory()
      for (const { step, when } of faultPlaces(kind, steps)) {
        const at = `${name}, ${when} step ${step}`
        const { uuid } = (await runWell(createMachineRequest(payload(), { strict: true, dry_run: false }, subject.node.parts))).result as { uuid: string }
        await runWell(createSnapshotRequest(uuid, 'kept', subject.node.parts))
        const before = { machine: shown(subject.node, uuid), host: await subject.inventory() }
        plant({ kind, step, when })
        const operation = await runRequest(await script(subject.node, uuid))
        // Past the point of no return the operation stands, and says what is left to do.
        if (operation.state === 'done') assert.match(operation.warnings.join(), /planted/, at)
        else assertPlanted(operation, at)
        if (operation.state !== 'done' && !(final === step && when === 'after'))
          await checkAfter({ node: subject.node, uuid, before, at, inventory: subject.inventory })
        await removeMachine(uuid, runWell)
        assert.deepEqual(await subject.inventory(), clean, at)
      }
    })
  }

  async function removeMachine(uuid: string, run: (request: Request) => Promise<Operation>): Promise<void> {
    const { parts } = subject.node
    if (parts.machines.get(uuid)?.indestructible_zoneroot === true)
      await run(updateMachineRequest(uuid, { indestructible_zoneroot: false }, { strict: true, dry_run: false }, parts))
    // Also what an operation past its commit left to be finished: the next one on the subject finishes it first.
    if (parts.machines.get(uuid) !== undefined) await run(deleteMachineRequest(uuid, { dry_run: false }, parts))
    else await runRequest(startLater(uuid))
  }

  function startLater(uuid: string): Request {
    return { ...startMachineRequest(uuid, subject.node.parts) }
  }
}

function assertPlanted(operation: Operation, at: string): void {
  const code: ErrorCode = 'RuntimeFailed'
  assert.equal(operation.state, 'failed', `${at}: ${operation.state}`)
  assert.equal(operation.error?.code, code, `${at}: ${JSON.stringify(operation.error)}`)
  assert.match(operation.error?.message ?? '', /planted/, at)
}

interface After {
  node: Node
  uuid: string
  before: { machine: unknown; host: unknown }
  at: string
  inventory: () => Promise<unknown>
}

/** As before, or gone for good: nothing between. */
async function checkAfter({ node, uuid, before, at, inventory }: After): Promise<void> {
  const record = node.parts.machines.get(uuid)
  if (record === undefined) return
  const now = shown(node, uuid)
  assert.deepEqual(now, before.machine, at)
  assert.deepEqual(await inventory(), before.host, at)
}

/** What a person sees of the machine, without what changes by itself. */
function shown(node: Node, uuid: string): unknown {
  const record = node.parts.machines.get(uuid)
  if (record === undefined) return null
  const {
    pid: _pid,
    zoneid: _zoneid,
    boot_timestamp: _boot,
    last_modified: _modified,
    exit_status: _status,
    exit_timestamp: _exited,
    ...rest
  } = viewMachine(record, node.parts)
  return { ...rest, snapshots: rest.snapshots.map(({ name }) => name) }
}
