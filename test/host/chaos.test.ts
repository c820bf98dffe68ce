import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAppError } from '#contracts/errors.ts'
import { readInventory } from '../harness/inventory.ts'
import { otherImage, startTestNode, testImage, type TestNode } from '../harness/test-node.ts'

// The daemon is killed at 200 random moments during a mixed load. What it said was done must be so, what it
// had not said must be whole or absent, and nothing may be left that no machine accounts for.
const kills = 200
const workers = 4
const machinesPerWorker = 2

let node: TestNode

before(async () => {
  node = await startTestNode()
  await node.follow('nic_tag.create', { json: { name: 'chaos0', type: 'etherstub', mac: '-', mtu: 1500 } })
})
after(async () => await node?.dispose())

/** What one worker knows of a machine of its own: nobody else touches it. */
interface Known {
  uuid: string
  address: string
  /** `unknown`: the answer was lost, either may be so. */
  exists: 'yes' | 'no' | 'unknown'
  /** Names of snapshots that were said to be taken. */
  snapshots: Set<string>
  tag: string | null
}

test(`${kills} kills during a mixed load: no orphan, no loss`, { timeout: 420_000 }, async () => {
  const stop = new AbortController()
  const machines: Known[][] = Array.from({ length: workers }, (_, worker) =>
    Array.from({ length: machinesPerWorker }, (_unused, index) => newMachine(worker * machinesPerWorker + index)),
  )
  const load = machines.map((own) => work(own, stop.signal))
  let done = 0
  const failed = Promise.race(load)
  try {
    for (; done < kills; done += 1) {
      await Promise.race([sleep(20 + Math.random() * 250), failed])
      await node.kill()
      await node.start()
    }
  } finally {
    stop.abort()
  }
  const operations = (await Promise.all(load)).reduce((sum, count) => sum + count, 0)
  await waitUntilIdle()
  await checkMachines(machines.flat())
  await checkInventory()
  assert.equal(done, kills)
  assert.ok(operations > kills, `only ${operations} operations were acknowledged: the load was no load`)
})

function newMachine(number: number): Known {
  return {
    uuid: `c0000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
    address: `10.77.0.${number + 1}/24`,
    exists: 'no',
    snapshots: new Set(),
    tag: null,
  }
}

/** One operation after the other on machines of its own until told to stop; gives how many were acknowledged. */
async function work(own: Known[], signal: AbortSignal): Promise<number> {
  let acknowledged = 0
  while (!signal.aborted) {
    const machine = own[Math.floor(Math.random() * own.length)]!
    try {
      await actOn(machine)
      acknowledged += 1
    } catch (error) {
      if (!isLost(error)) throw error
      await sleep(20)
    }
  }
  return acknowledged
}

/** The answer did not arrive: the daemon was killed, or is not there again yet. */
function isLost(error: unknown): boolean {
  if (isAppError(error, 'DaemonUnreachable')) return true
  return error instanceof Error && (error.message.includes('the stream ended') || ('code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')))
}

async function actOn(machine: Known): Promise<void> {
  if (machine.exists === 'unknown') await lookAgain(machine)
  if (machine.exists === 'no') return await create(machine)
  const actions = [remove, stopAndStart, snapshot, rollback, update, reprovision]
  await actions[Math.floor(Math.random() * actions.length)]!(machine)
}

async function lookAgain(machine: Known): Promise<void> {
  // Behind the machine's lock, and so behind its recovery.
  const present = await refusable(() => node.follow('machine.update', { params: { name: machine.uuid }, json: { alias: 'looked' } }), 'MachineNotFound')
  machine.exists = present ? 'yes' : 'no'
  machine.snapshots = new Set()
  machine.tag = null
}

async function create(machine: Known): Promise<void> {
  machine.exists = 'unknown'
  await node.follow('machine.create', {
    json: { uuid: machine.uuid, brand: 'lx', image_uuid: testImage, max_physical_memory: 64, quota: 1, nics: [{ nic_tag: 'chaos0', ips: [machine.address] }] },
  })
  Object.assign(machine, { exists: 'yes', snapshots: new Set(), tag: null })
}

async function remove(machine: Known): Promise<void> {
  machine.exists = 'unknown'
  await node.follow('machine.delete', { params: { name: machine.uuid } })
  machine.exists = 'no'
}

async function stopAndStart(machine: Known): Promise<void> {
  await node.follow('machine.stop', { params: { name: machine.uuid }, json: { force: true } })
  await node.follow('machine.start', { params: { name: machine.uuid } })
}

async function snapshot(machine: Known): Promise<void> {
  const name = `s${Math.floor(Math.random() * 5)}`
  if (await refusable(() => node.follow('snapshot.create', { params: { name: machine.uuid }, json: { name } }), 'SnapshotExists')) machine.snapshots.add(name)
}

async function rollback(machine: Known): Promise<void> {
  const [name] = machine.snapshots
  if (name === undefined) return await snapshot(machine)
  // Newer snapshots go with it; which ones is asked afterwards.
  machine.snapshots = new Set()
  await refusable(() => node.follow('snapshot.rollback', { params: { name: machine.uuid, snapshot: name } }), 'SnapshotNotFound')
}

async function update(machine: Known): Promise<void> {
  const value = String(Math.random())
  machine.tag = null
  await node.follow('machine.update', {
    params: { name: machine.uuid },
    json: { set_tags: { chaos: value }, max_physical_memory: 64 + Math.floor(Math.random() * 64) },
  })
  machine.tag = value
}

async function reprovision(machine: Known): Promise<void> {
  machine.snapshots = new Set()
  await node.follow('machine.reprovision', { params: { name: machine.uuid }, json: { image_uuid: Math.random() < 0.5 ? otherImage : testImage } })
}

/** False when it was refused with that code, which the loss of an earlier answer makes possible. */
async function refusable(action: () => Promise<unknown>, ...codes: Parameters<typeof isAppError>[1][]): Promise<boolean> {
  try {
    await action()
    return true
  } catch (error) {
    if (isAppError(error, ...codes)) return false
    throw error
  }
}

async function waitUntilIdle(): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    const operations = await node.client.json<{ finished_at: string | null }[]>('operation.list')
    const { journal } = await readInventory(node, [testImage, otherImage])
    if (journal.length === 0 && operations.every((operation) => operation.finished_at !== null)) return
    await sleep(100)
  }
  assert.fail('the node did not come to rest within a minute')
}

async function checkMachines(machines: Known[]): Promise<void> {
  const listed = await node.client.json<{ uuid: string; state: string; tags: Record<string, unknown>; snapshots: { name: string }[] }[]>('machine.list')
  for (const machine of machines) {
    const found = listed.find(({ uuid }) => uuid === machine.uuid)
    if (machine.exists === 'yes') assert.ok(found !== undefined, `${machine.uuid} was acknowledged and is lost`)
    if (machine.exists === 'no') assert.ok(found === undefined, `${machine.uuid} was deleted and is there`)
    if (found === undefined) continue
    assert.ok(['running', 'stopped'].includes(found.state), `${machine.uuid} is ${found.state}`)
    if (machine.tag !== null) assert.equal(found.tags['chaos'], machine.tag, `an acknowledged update of ${machine.uuid} is lost`)
    const names = new Set(found.snapshots.map(({ name }) => name))
    for (const name of machine.snapshots) assert.ok(names.has(name), `snapshot ${name} of ${machine.uuid} was acknowledged and is lost`)
  }
}

async function checkInventory(): Promise<void> {
  const inventory = await readInventory(node, [testImage, otherImage])
  const running = (await node.client.json<{ uuid: string; state: string }[]>('machine.list', { query: { fields: 'uuid,state' } }))
    .filter(({ state }) => state === 'running')
    .map(({ uuid }) => uuid)
    .sort()
  const owned = inventory.datasets.filter((name) => !inventory.records.some((uuid) => name === uuid || name.includes(`${uuid}@`) || name.includes(`${uuid}/`)))
  assert.deepEqual(owned, [], 'datasets without a machine')
  for (const uuid of inventory.records) assert.ok(inventory.datasets.includes(uuid), `${uuid} has no dataset`)
  assert.deepEqual(inventory.groups, running, 'cgroups')
  assert.deepEqual(inventory.runFiles, running, 'run directories')
  assert.equal(inventory.links.length, running.length, 'host ends of nics')
  assert.deepEqual(inventory.guards, inventory.links, 'guards')
  assert.equal(inventory.keepers, running.length, 'keepers')
  assert.deepEqual(inventory.journal, [], 'journal')
}
