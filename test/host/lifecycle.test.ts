import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestNode, testImage, type TestNode } from '../harness/test-node.ts'

let node: TestNode
before(async () => {
  node = await startTestNode()
  await node.follow('nic_tag.create', { json: { name: 'test0', type: 'etherstub', mac: '-', mtu: 1500 } })
})
after(async () => await node?.dispose())

test('create, get, delete', async () => {
  const t0 = performance.now()
  const done = await node.follow('machine.create', {
    json: { brand: 'lx', alias: 'web', image_uuid: testImage, max_physical_memory: 64, quota: 1, nics: [{ nic_tag: 'test0', ips: ['10.1.0.2/24'] }] },
  })
  console.log('create', performance.now() - t0)
  const { uuid } = done.result as { uuid: string }
  const machine = await node.client.json<Record<string, unknown>>('machine.get', { params: { name: 'web' } })
  console.log(machine)
  assert.equal(machine['uuid'], uuid)
  const t1 = performance.now()
  await node.follow('machine.delete', { params: { name: uuid } })
  console.log('delete', performance.now() - t1)
})
