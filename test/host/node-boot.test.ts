import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openCli, type Cli } from '../harness/cli.ts'
import { waitFor } from '../harness/in-zone.ts'
import { payload } from '../harness/machines.ts'
import { listKeepers, startTestNode, type TestNode } from '../harness/test-node.ts'

/** The node goes down, in order or by a power cut, and comes up again with its machines. */

let node: TestNode
let cli: Cli
before(async () => {
  node = await startTestNode()
  cli = openCli(node)
  await node.follow('nic_tag.create', { json: { name: 'test0', type: 'etherstub', mac: '-', mtu: 1500 } })
})
after(async () => await node?.dispose())

const field = async (name: string, key: string): Promise<unknown> => (await cli.get(name))[key]
const settled = async (): Promise<boolean> => (await node.client.json<{ settled: boolean }>('node.status')).settled

/** Nothing lives on but what is on the pool. */
async function cutPower(): Promise<void> {
  await node.kill()
  for (const pid of await listKeepers(node.runDir)) process.kill(pid, 'SIGKILL')
  while ((await listKeepers(node.runDir)).length > 0) await sleep(20)
  // lxcfs is the test's way to look; a real node loses it too, and its mount with the directory.
  for (const name of ['zones', 'guests', 'enter', 'crun']) await rm(`${node.runDir}/${name}`, { recursive: true, force: true })
  for (const name of ['autobooted.json', 'daemon.sock']) await rm(`${node.runDir}/${name}`, { force: true })
}

test('after a power cut: what ran and what was to run is back, in order; what was stopped is not', async () => {
  await cli.create(payload({ alias: 'late', boot_order: 2000 }))
  await cli.create(payload({ alias: 'early', boot_order: 1 }))
  await cli.create(payload({ alias: 'plain' }))
  await cli.create(payload({ alias: 'never', autoboot: false }))
  await cli.create(payload({ alias: 'started', autoboot: false }))
  await cli.vmadm('start', 'started')
  await cli.create(payload({ alias: 'stopped' }))
  await cli.vmadm('stop', 'stopped')
  const before = await field('late', 'boot_timestamp')
  await cutPower()
  await node.start()
  await waitFor(settled, 'all to be started')
  for (const name of ['late', 'early', 'plain', 'started']) assert.equal(await field(name, 'state'), 'running', name)
  for (const name of ['never', 'stopped']) assert.equal(await field(name, 'state'), 'stopped', name)
  const times = await Promise.all(['early', 'plain', 'late'].map(async (name) => String(await field(name, 'boot_timestamp'))))
  assert.deepEqual(times, times.toSorted())
  assert.ok(String(before) < times[0]!)
  assert.equal(await cli.inside('late', 'hostname'), await field('late', 'hostname'))
})

test('spirula shutdown ends all in order, leaves autoboot alone, and the next boot brings them back', async () => {
  const outcome = await cli.run(['spirula', 'shutdown', '--timeout', '20'])
  assert.equal(outcome.code, 0, outcome.stderr)
  const lines = outcome.stderr.trim().split('\n')
  assert.equal(lines[0], 'Stopping 4 machines.')
  const order = lines.slice(1).map((line) => /^\S+ \((\w+)\) has shut down\.$/.exec(line)?.[1])
  assert.deepEqual([order[0], order[3]], ['late', 'early'], outcome.stderr)
  for (const name of ['late', 'early', 'plain', 'started'])
    assert.deepEqual([await field(name, 'state'), await field(name, 'autoboot')], ['stopped', true], name)
  assert.equal((await cli.run(['spirula', 'shutdown'])).stderr, 'No machine runs.\n')
  assert.equal((await cli.run(['spirula', 'shutdown', '-t', 'soon'])).code, 2)
  await cutPower()
  await node.start()
  await waitFor(settled, 'all to be started')
  for (const name of ['late', 'early', 'plain', 'started']) assert.equal(await field(name, 'state'), 'running', name)
})

test('boot_order is listed, changed and taken back', async () => {
  assert.equal((await cli.vmadm('list', '-H', '-o', 'alias,boot_order', 'alias=early')).stdout.trim().split(/\s+/).join(' '), 'early 1')
  assert.equal((await cli.vmadm('update', 'early', 'boot_order=5')).code, 0)
  assert.equal(await field('early', 'boot_order'), 5)
  assert.equal((await cli.vmadm('update', 'early', 'boot_order=')).code, 0)
  assert.equal(await field('early', 'boot_order'), undefined)
  assert.notEqual((await cli.vmadm('update', 'early', 'boot_order=-1')).code, 0)
})
