import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { OperationKind } from '#contracts/operation/schema.ts'
import { silentLog } from '#host/context.ts'
import { createFakeNetwork } from '#host/network-fake.ts'
import { createFakeRuntime } from '#host/runtime-fake.ts'
import { createMachineRequest } from '#node/machines/create.ts'
import { viewMachine } from '#node/machines/read.ts'
import { createSnapshotRequest } from '#node/machines/snapshots.ts'
import type { Node } from '#node/node.ts'
import type { Hooks } from '#node/operations/run-plan.ts'
import type { Request } from '#node/operations/request.ts'
import { type Fault, faultPlaces, faultScripts } from '../../test/harness/faults.suite.ts'
import { otherImage, testImage } from '../../test/harness/test-images.ts'
import { installTestImages } from './sim-images.fixture.ts'
import { type SimNode, startSimNode } from './sim-node.ts'

// The power goes before and after each step of each operation. At the next boot there is no zone and nothing below /run:
// what was begun is finished or taken back all the same, and nothing is left to be done.

const context = { signal: new AbortController().signal, log: silentLog, now: () => new Date() }
const strict = { strict: true, dry_run: false }
const payload = { brand: 'lx', image_uuid: testImage, max_physical_memory: 64, quota: 1 }

/** Once armed, stands still at that place for ever, and tells that it does. */
function standStill({ kind, step, when }: Fault): { hooks: Hooks; arm: () => void; reached: Promise<void> } {
  const reached = Promise.withResolvers<void>()
  let isArmed = false
  let seen = 0
  const hook = async (_step: unknown, entry: { kind: OperationKind }): Promise<void> => {
    if (!isArmed || entry.kind !== kind) return
    seen += 1
    if (seen !== step + 1) return
    reached.resolve()
    await new Promise(() => {})
  }
  return { hooks: when === 'before' ? { beforeStep: hook } : { afterStep: hook }, arm: () => void (isArmed = true), reached: reached.promise }
}

async function runWell({ operations }: Node, request: Request): Promise<string> {
  const operation = await operations.wait(operations.start(request).id)
  assert.equal(operation.state, 'done', JSON.stringify(operation.error))
  return (operation.result as { uuid: string } | undefined)?.uuid ?? ''
}

/** Runs an operation up to the cut, then boots a node with what a disk keeps. */
async function bootAfter(cut: Fault, script: (node: Node) => Promise<Request>): Promise<{ sim: SimNode; directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'sim-power-'))
  after(() => rm(directory, { recursive: true, force: true }))
  const { hooks, arm, reached } = standStill(cut)
  const before = await startSimNode({ directory, hooks })
  await installTestImages(before, [testImage, otherImage])
  const request = await script(before.node)
  arm()
  before.node.operations.start(request)
  await reached
  await rm(join(directory, 'run'), { recursive: true })
  const sim = await startSimNode({ directory, from: { storage: before.storage, runtime: createFakeRuntime(), network: createFakeNetwork() } })
  await sim.node.settled
  return { sim, directory }
}

async function expectWhole({ sim, directory }: { sim: SimNode; directory: string }, at: string): Promise<void> {
  assert.deepEqual(await readdir(join(directory, 'pool/config/journal')), [], `${at}: something is left to be done`)
  const records = [...sim.node.parts.machines.all()]
  const images = new Set([testImage, otherImage, 'config'])
  const datasets = (await sim.storage.list(context)).map(({ name }) => name).filter((name) => !images.has(name) && !name.includes('/'))
  assert.deepEqual(datasets.toSorted(), records.map(({ uuid }) => uuid).toSorted(), `${at}: a machine without its dataset, or a dataset without its machine`)
  for (const record of records) assert.match(viewMachine(record, sim.node.parts).state, /^(running|stopped)$/, at)
  await sim.node.close()
}

test('a create that the power cuts short', async () => {
  for (const cut of faultPlaces('machine.create', 3)) {
    const booted = await bootAfter(cut, async ({ parts }) => createMachineRequest(payload, strict, parts))
    await expectWhole(booted, `create, ${cut.when} step ${cut.step}`)
  }
})

for (const [name, { kind, steps, script }] of Object.entries(faultScripts)) {
  test(`a ${name} that the power cuts short`, async () => {
    for (const cut of faultPlaces(kind, steps)) {
      const booted = await bootAfter(cut, async (node) => {
        const uuid = await runWell(node, createMachineRequest(payload, strict, node.parts))
        await runWell(node, createSnapshotRequest(uuid, 'kept', node.parts))
        return await script(node, uuid)
      })
      await expectWhole(booted, `${name}, ${cut.when} step ${cut.step}`)
    }
  })
}
