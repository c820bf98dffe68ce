import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Machine } from '#contracts/machine/record.ts'
import { isAppError } from '#contracts/errors.ts'
import { readInventory } from '../harness/inventory.ts'
import { payload } from '../harness/machines.ts'
import { otherImage, startTestNode, testImage, type TestNode } from '../harness/test-node.ts'

// The shortest way through a whole node; the boot tier runs it on its machine too.
let node: TestNode
before(async () => {
  node = await startTestNode()
  await node.follow('nic_tag.create', { json: { name: 'test0', type: 'etherstub', mac: '-', mtu: 1500 } })
})
after(async () => await node?.dispose())

test('a machine is made, runs with what it was given, and leaves nothing', async () => {
  const clean = await readInventory(node, [testImage, otherImage])
  const done = await node.follow('machine.create', { json: payload({ alias: 'web' }) })
  const { uuid } = done.result as { uuid: string }
  const machine = await node.client.json<Machine>('machine.get', { params: { name: 'web' } })
  assert.deepEqual([machine.uuid, machine.state, machine.quota, machine.max_physical_memory], [uuid, 'running', 1, 64])
  const running = await readInventory(node, [testImage, otherImage])
  assert.deepEqual(
    [running.records, running.datasets, running.groups, running.links.length, running.guards.length, running.keepers],
    [[uuid], [uuid], [uuid], 1, 1, 1],
  )
  await node.follow('machine.delete', { params: { name: uuid } })
  await assert.rejects(node.client.json('machine.get', { params: { name: uuid } }), (error) => isAppError(error, 'MachineNotFound'))
  assert.deepEqual(await readInventory(node, [testImage, otherImage]), clean)
})
