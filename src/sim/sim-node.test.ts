import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import { silentLog } from '#host/context.ts'
import { renderPart } from '#lib/bundle.ts'
import { createMachineRequest } from '#node/machines/create.ts'
import { deleteMachineRequest } from '#node/machines/delete.ts'
import { startMachineRequest } from '#node/machines/lifecycle.ts'
import { viewMachine } from '#node/machines/read.ts'
import { installMachineRequest, receiveMachine } from '#node/machines/receive.ts'
import { createNicTagRequest } from '#node/nic-tags.ts'
import type { Request } from '#node/operations/request.ts'
import { registerFaultSuite } from '../../test/harness/faults.suite.ts'
import { payload } from '../../test/harness/machines.ts'
import { otherImage, testImage } from '../../test/harness/test-images.ts'
import { installTestImages } from './sim-images.fixture.ts'
import { type SimNode, type SimOptions, startSimNode } from './sim-node.ts'

const context = { signal: new AbortController().signal, log: silentLog, now: () => new Date() }

registerFaultSuite('simulated', async (hooks) => {
  const directory = await mkdtemp(join(tmpdir(), 'sim-'))
  const sim = await startWithImages({ directory, hooks })
  return {
    node: sim.node,
    async inventory() {
      const datasets = (await sim.storage.list(context)).map(({ name }) => name).filter((name) => name !== testImage && name !== otherImage)
      return { datasets: datasets.toSorted(), zones: (await sim.runtime.list()).map(({ uuid, stage }) => `${uuid} ${stage}`), nics: sim.network.nics.size }
    },
    async dispose() {
      await sim.node.close()
      await rm(directory, { recursive: true })
    },
  }
})

async function startWithImages(options: SimOptions): Promise<SimNode> {
  const sim = await startSimNode(options)
  await installTestImages(sim, [testImage, otherImage])
  if (sim.node.parts.tags.get('test0') === undefined)
    await run(sim, createNicTagRequest({ name: 'test0', type: 'etherstub', mac: '-', mtu: 1500 }, sim.node.parts))
  return sim
}

async function run(sim: SimNode, request: Request): Promise<string> {
  const operation = await sim.node.operations.wait(sim.node.operations.start(request).id)
  assert.equal(operation.state, 'done', JSON.stringify(operation.error))
  return (operation.result as { uuid: string } | undefined)?.uuid ?? ''
}

async function makeSim(): Promise<{ sim: SimNode; directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'sim-'))
  after(() => rm(directory, { recursive: true, force: true }))
  return { sim: await startWithImages({ directory }), directory }
}

const strict = { strict: true, dry_run: false }

test('fifty creates at once take fifty different uuids, id ranges and addresses', async () => {
  const { sim } = await makeSim()
  const uuids = await Promise.all(Array.from({ length: 50 }, () => run(sim, createMachineRequest(payload(), strict, sim.node.parts))))
  assert.equal(new Set(uuids).size, 50)
  const records = [...sim.node.parts.machines.all()]
  assert.equal(new Set(records.map((record) => record.internal.uid_base)).size, 50)
  assert.equal(new Set(records.map((record) => record.nics[0]!.mac)).size, 50)
  await sim.node.close()
})

test('a create that is still under way holds its address against another', async () => {
  const { sim } = await makeSim()
  const wanted = payload()
  const first = run(sim, createMachineRequest(wanted, strict, sim.node.parts))
  assert.throws(() => createMachineRequest({ ...wanted, nics: wanted['nics'] }, strict, sim.node.parts), { code: 'AddressConflict' })
  await first
  await sim.node.close()
})

test('running zones are adopted by the next daemon as they are; a half-started one is removed', async () => {
  const { sim, directory } = await makeSim()
  const [kept, stopped] = [
    await run(sim, createMachineRequest(payload(), strict, sim.node.parts)),
    await run(sim, createMachineRequest(payload({ autoboot: false }), strict, sim.node.parts)),
  ]
  const before = viewMachine(sim.node.parts.machines.get(kept)!, sim.node.parts)
  await sim.node.close()
  const spec = { uuid: stopped, zoneid: 99 } as Parameters<SimNode['runtime']['prepare']>[0] // the fake looks at no more
  await sim.runtime.prepare(spec, context)
  const calls = sim.runtime.calls.length
  const next = await startSimNode({ directory, from: sim })
  await next.node.settled
  const view = viewMachine(next.node.parts.machines.get(kept)!, next.node.parts)
  assert.deepEqual({ pid: view.pid, state: view.state, zoneid: view.zoneid }, { pid: before.pid, state: 'running', zoneid: before.zoneid })
  assert.deepEqual(sim.runtime.calls.slice(calls), [`remove ${stopped}`])
  await next.node.close()
})

test('a zone that reboots itself comes back, one that powers itself off stays down with autoboot as it was', async () => {
  const { sim } = await makeSim()
  const uuid = await run(sim, createMachineRequest(payload(), strict, sim.node.parts))
  const { live, machines } = sim.node.parts
  const pid = live.status(uuid)?.pid
  sim.runtime.exitZone(uuid, -1)
  await untilTrue(() => live.isRunning(uuid))
  assert.notEqual(live.status(uuid)?.pid, pid)
  sim.runtime.exitZone(uuid, -2)
  await untilTrue(async () => (await sim.runtime.read(uuid)) === null)
  assert.equal(viewMachine(machines.get(uuid)!, sim.node.parts).state, 'stopped')
  assert.equal(machines.get(uuid)?.autoboot, true)
  assert.equal(sim.network.nics.size, 0)
  await run(sim, startMachineRequest(uuid, sim.node.parts))
  assert.equal(live.isRunning(uuid), true)
  await sim.node.close()
})

/** Lets what is under way go on; there is no clock in the fakes. */
async function untilTrue(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let turns = 0; turns < 10_000; turns += 1) {
    if (await condition()) return
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.fail('it did not come to pass')
}

test('a zone that rebooted while no daemon was there is started by the next one', async () => {
  const { sim, directory } = await makeSim()
  const uuid = await run(sim, createMachineRequest(payload(), strict, sim.node.parts))
  await sim.node.close()
  sim.runtime.exitZone(uuid, -1)
  const zonepath = sim.storage.mountpointOf(uuid)
  await writeFile(join(zonepath, 'lastexited'), JSON.stringify({ exit_status: -1, exit_timestamp: '2026-11-23T00:00:00.000Z' }))
  const next = await startSimNode({ directory, from: sim })
  await next.node.settled
  assert.equal(next.node.parts.live.isRunning(uuid), true)
  await next.node.close()
})

test('a machine received without its datasets waits for them, and install finishes it', async () => {
  const { sim } = await makeSim()
  const { parts, operations } = sim.node
  const uuid = await run(sim, createMachineRequest(payload({ autoboot: false }), strict, parts))
  const record = parts.machines.get(uuid)!
  await run(sim, deleteMachineRequest(uuid, { dry_run: false }, parts))
  const head = { v: 1, record, quota_bytes: null, stream: 'fake', parts: [] }
  const received = await receiveMachine(Readable.from([renderPart('vm.json', Buffer.from(JSON.stringify(head)))], { objectMode: false }), sim.node)
  const { warnings } = await operations.wait(received.id)
  assert.match(warnings.join(), /waits for its datasets/)
  assert.equal(viewMachine(parts.machines.get(uuid)!, parts).state, 'receiving')
  const early = await operations.wait(operations.start(installMachineRequest(uuid, parts)).id)
  assert.equal(early.error?.code, 'DatasetNotFound')
  await sim.storage.clone({ dataset: testImage, snapshot: 'final' }, uuid, {}, context)
  await run(sim, installMachineRequest(uuid, parts))
  assert.equal(viewMachine(parts.machines.get(uuid)!, parts).state, 'stopped')
  await run(sim, startMachineRequest(uuid, parts))
  await sim.node.close()
})
