import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { StopEvent } from '#contracts/node/stop-event.ts'
import { createFakeNetwork } from '#host/network-fake.ts'
import { createFakeRuntime } from '#host/runtime-fake.ts'
import { createMachineRequest } from '#node/machines/create.ts'
import { viewMachine } from '#node/machines/read.ts'
import { bootMachines } from '#node/reconcile/autoboot.ts'
import { stopAllMachines } from '#node/reconcile/stop-all.ts'
import { testImage } from '../../test/harness/test-images.ts'
import { installTestImages } from './sim-images.fixture.ts'
import { type SimNode, type SimOptions, startSimNode } from './sim-node.ts'

/** What happens to machines when the node boots and when it is shut down. */

async function makeSim(flags: SimOptions['flags'] = {}): Promise<{ sim: SimNode; directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'sim-boot-'))
  after(() => rm(directory, { recursive: true, force: true }))
  const sim = obeying(await startSimNode({ directory, flags }))
  await installTestImages(sim, [testImage])
  return { sim, directory }
}

/** Guests that power off when they are asked to. */
function obeying(sim: SimNode): SimNode {
  sim.runtime.onExec((uuid, argv) => {
    if (argv[0] === '/sbin/poweroff') sim.runtime.exitZone(uuid, -2)
    return { exit_code: 0, stdout: '', stderr: '' }
  })
  return sim
}

async function create(sim: SimNode, changes: Record<string, unknown>): Promise<string> {
  const payload = { brand: 'lx', image_uuid: testImage, max_physical_memory: 64, ...changes }
  const { operations, parts } = sim.node
  const operation = await operations.wait(operations.start(createMachineRequest(payload, { strict: true, dry_run: false }, parts)).id)
  assert.equal(operation.state, 'done', JSON.stringify(operation.error))
  return (operation.result as { uuid: string }).uuid
}

/** The power goes: no daemon, no zone, nothing below /run; the pool is as it was. */
async function rebootNode({ sim, directory }: { sim: SimNode; directory: string }, flags: SimOptions['flags'] = {}): Promise<SimNode> {
  await rm(join(directory, 'run'), { recursive: true })
  const from = { storage: sim.storage, runtime: createFakeRuntime(), network: createFakeNetwork() }
  return obeying(await startSimNode({ directory, from, flags }))
}

const launched = (sim: SimNode): string[] => sim.runtime.calls.filter((call) => call.startsWith('launch ')).map((call) => call.slice(7))

test('after a power cut what has autoboot comes back, in its order; what was stopped stays down', async () => {
  const made = await makeSim()
  const { sim } = made
  const last = await create(sim, { boot_order: 2000 })
  const plain = [await create(sim, {}), await create(sim, {})]
  const first = await create(sim, { boot_order: 1 })
  const down = await create(sim, { autoboot: false })
  const next = await rebootNode(made)
  assert.equal(next.node.parts.startup.settled, false)
  await next.node.settled
  // Those of one order start side by side: which of them is launched first is open.
  const order = launched(next)
  assert.deepEqual([order[0], order.slice(1, 3).toSorted(), order.slice(3)], [first, plain.toSorted(), [last]])
  const { machines } = next.node.parts
  for (const uuid of [first, ...plain, last]) {
    const { state, boot_timestamp } = viewMachine(machines.get(uuid)!, next.node.parts)
    assert.equal(state, 'running')
    assert.ok(boot_timestamp !== undefined)
  }
  assert.equal(viewMachine(machines.get(down)!, next.node.parts).state, 'stopped')
  assert.equal(next.node.parts.startup.settled, true)
  await next.node.close()
})

test('a group that hangs holds up the next only so long; one that fails does not', async () => {
  const { sim } = await makeSim()
  const [hangs, fails] = [await create(sim, { boot_order: 1 }), await create(sim, { boot_order: 2 })]
  const follows = await create(sim, { boot_order: 3 })
  for (const uuid of [hangs, fails, follows]) sim.node.parts.live.clearStatus(uuid)
  const begun: string[] = []
  const release = Promise.withResolvers<void>()
  const booting = bootMachines(
    sim.node.parts,
    async (uuid) => {
      begun.push(uuid)
      if (uuid === hangs) await release.promise
      if (uuid === fails) throw new Error('it cannot')
      if (uuid === follows) release.resolve()
    },
    20,
  )
  await booting
  assert.deepEqual(begun, [hangs, fails, follows])
  await sim.node.close()
})

test('all are stopped in the reverse order, keep autoboot, are noted, and come back', async () => {
  const made = await makeSim()
  const { sim } = made
  const [first, middle, last] = [await create(sim, { boot_order: 1, alias: 'db' }), await create(sim, {}), await create(sim, { boot_order: 5000 })]
  const events: StopEvent[] = []
  for await (const event of stopAllMachines(30, sim.node.operations, sim.node.parts)) events.push(event)
  assert.deepEqual(events.slice(1), [
    { type: 'stopped', uuid: last, exit_status: -2 },
    { type: 'stopped', uuid: middle, exit_status: -2 },
    { type: 'stopped', uuid: first, alias: 'db', exit_status: -2 },
    { type: 'end', failed: 0 },
  ])
  for (const uuid of [first, middle, last]) assert.equal(sim.node.parts.machines.get(uuid)?.autoboot, true)
  const note = JSON.parse(await readFile(join(sim.node.parts.layout.configDir, 'last-shutdown.json'), 'utf8')) as { ran: { uuid: string }[] }
  assert.deepEqual(note.ran.map(({ uuid }) => uuid).toSorted(), [first, middle, last].toSorted())
  const next = await rebootNode(made)
  await next.node.settled
  assert.deepEqual(launched(next), [first, middle, last])
  await next.node.close()
})

test('declared nic tags take the place of recorded ones before guests boot; a tag that cannot be set up is told of', async () => {
  const made = await makeSim()
  const file = join(made.directory, 'declared.json')
  await writeFile(file, JSON.stringify([{ name: 'admin', mac: '52:54:00:AA:BB:CC', mtu: 9000 }]))
  const next = await rebootNode(made, { declaredTags: file })
  assert.deepEqual(next.node.parts.tags.get('admin'), { name: 'admin', type: 'normal', mac: '52:54:00:aa:bb:cc', mtu: 9000 })
  await next.node.close()

  await writeFile(file, JSON.stringify([{ name: 'admin', mac: '52:54:00:aa:bb:dd' }]))
  const later = await rebootNode({ sim: next, directory: made.directory }, { declaredTags: file })
  assert.deepEqual(later.node.parts.tags.get('admin'), { name: 'admin', type: 'normal', mac: '52:54:00:aa:bb:dd', mtu: 1500 })
  await later.node.close()

  const undeclared = await rebootNode({ sim: later, directory: made.directory }, { declaredTags: join(made.directory, 'none.json') })
  assert.equal(undeclared.node.parts.tags.get('admin')?.mac, '52:54:00:aa:bb:dd')
  await undeclared.node.close()

  await writeFile(file, '[{"name": "ad min", "mac": "x"}, {"name": "storage", "mac": "52:54:00:00:00:01"}]')
  const slipped = await startSimNode({ directory: made.directory, from: undeclared, flags: { declaredTags: file } })
  const { problems } = slipped.node.parts.startup
  assert.equal(problems.length, 3, problems.join())
  assert.match(problems[0]!, /^Nic tag 0 declared in .* was passed over: name must be 1 to 30 .*; mac must be a MAC address\.$/)
  assert.match(problems[1]!, /^Nic tag admin could not be set up: The nic tag admin names the MAC 52:54:00:aa:bb:dd, but no link/)
  assert.equal(slipped.node.parts.tags.get('storage')?.mac, '52:54:00:00:00:01')
  await slipped.node.close()
})
