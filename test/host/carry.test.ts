import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Machine } from '#contracts/machine/record.ts'
import { command } from '../bench/command.ts'
import { payload } from '../harness/machines.ts'
import { startTestNode, type TestNode } from '../harness/test-node.ts'
import { exportPool, readPoolKind } from '../harness/test-pool.ts'

// All that a node knows of its machines is on its pool: carried to another node, they come back there.
const nodes: TestNode[] = []
after(async () => {
  for (const node of nodes) await node.dispose()
})

async function start(options: Parameters<typeof startTestNode>[0] = {}): Promise<TestNode> {
  const node = await startTestNode(options)
  nodes.push(node)
  return node
}

const get = (node: TestNode, name: string): Promise<Machine> => node.client.json<Machine>('machine.get', { params: { name } })

test('a pool carried to another node brings its machines, images, snapshots and nic tags along', async () => {
  const first = await start()
  await first.follow('nic_tag.create', { json: { name: 'test0', type: 'etherstub', mac: '-', mtu: 1500 } })
  const json = payload({ alias: 'carried', quota: 3, tags: { role: 'db' } })
  const { uuid } = (await first.follow('machine.create', { json })).result as { uuid: string }
  await first.follow('machine.stop', { params: { name: uuid }, json: { force: true } })
  await writeFile(join(first.pool, uuid, 'root/root/kept'), 'content')
  await first.follow('snapshot.create', { params: { name: uuid }, json: { name: 'before' } })
  const before = await get(first, uuid)
  await first.kill()
  await exportPool(first.poolName, first.pool)

  const second = await start({ images: false, carried: first })
  const same = (machine: Machine): unknown => ({ ...machine, zonepath: '', exit_status: 0, exit_timestamp: '' })
  assert.deepEqual(same(await get(second, 'carried')), same(before))
  await second.follow('machine.start', { params: { name: uuid } })
  assert.equal((await get(second, uuid)).state, 'running')
  await second.follow('snapshot.rollback', { params: { name: uuid, snapshot: 'before' } })
  await second.follow('machine.delete', { params: { name: uuid } })
})

test('a quota changed by hand on the pool is what the machine has', async () => {
  const node = nodes.at(-1)!
  const { uuid } = (await node.follow('machine.create', { json: payload({ quota: 7 }) })).result as { uuid: string }
  await changeQuotaByHand(node, uuid)
  assert.equal((await get(node, uuid)).quota, 5)
  const [row] = await node.client.json<{ quota: number }[]>('machine.list', { query: { fields: 'quota', filter: `uuid=${uuid}` } })
  assert.equal(row?.quota, 5)
  await node.follow('machine.delete', { params: { name: uuid } })
})

/** From 7 GiB to 5. */
async function changeQuotaByHand(node: TestNode, uuid: string): Promise<void> {
  if (readPoolKind() === 'zfs') return void (await command(['zfs', 'set', 'quota=5G', `${node.poolName}/${uuid}`]))
  const group = (await command(['btrfs', 'qgroup', 'show', '--raw', '-re', node.pool])).split('\n').find((line) => line.includes(String(7 * 2 ** 30)))
  assert.ok(group !== undefined)
  await command(['btrfs', 'qgroup', 'limit', '-e', String(5 * 2 ** 30), group.trim().split(/\s+/)[0]!, node.pool])
}
