import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Machine } from '#contracts/machine/record.ts'
import { command } from '../bench/command.ts'
import { openCli, type Cli } from '../harness/cli.ts'
import { readInventory } from '../harness/inventory.ts'
import { payload } from '../harness/machines.ts'
import { otherImage, startTestNode, testImage, type TestNode } from '../harness/test-node.ts'
import { readPoolKind } from '../harness/test-pool.ts'

// On ZFS each dataset is a mount, and none can be destroyed, renamed or unmounted that is mounted anywhere: zones that
// run must not hold what belongs to others.
const skip = readPoolKind() === 'zfs' ? false : 'this kernel has no ZFS'
let node: TestNode
let cli: Cli
const clean = (): ReturnType<typeof readInventory> => readInventory(node, [testImage, otherImage])

before(async () => {
  if (skip !== false) return
  node = await startTestNode()
  cli = openCli(node)
  await node.follow('nic_tag.create', { json: { name: 'test0', type: 'etherstub', mac: '-', mtu: 1500 } })
})
after(async () => await node?.dispose())

async function create(changes: object): Promise<string> {
  return ((await node.follow('machine.create', { json: payload({ ...changes }) })).result as { uuid: string }).uuid
}

const remove = async (uuid: string): Promise<unknown> => await node.follow('machine.delete', { params: { name: uuid } })
const zfs = async (...argv: string[]): Promise<string> => (await command(['zfs', ...argv])).trim()

test('zones that run hold nothing of each other, and their own is swapped, rolled back and destroyed', { skip, timeout: 600_000 }, async () => {
  const nothing = await clean()
  const early = await create({ autoboot: false, alias: 'early' })
  const kept = await create({ delegate_dataset: true, alias: 'kept' })
  const other = await create({ alias: 'other' })
  const data = `/${node.poolName}/${kept}/data`

  // Was there before the zones were booted, so their namespaces began with a copy of its mount.
  await remove(early)
  await cli.inside('kept', `echo precious > ${data}/file`)
  assert.equal(await zfs('list', '-H', '-o', 'origin', `${node.poolName}/${kept}`), `${node.poolName}/${testImage}@final`)

  await node.follow('snapshot.create', { params: { name: other }, json: { name: 'before' } })
  await cli.inside('other', 'echo later > /root/later')
  await node.follow('snapshot.rollback', { params: { name: other, snapshot: 'before' } })
  assert.equal(await cli.inside('other', 'ls /root'), '')
  await node.follow('snapshot.delete', { params: { name: other, snapshot: 'before' } })

  // Renames the zone's datasets while the other runs, and moves the delegated one.
  await node.follow('machine.reprovision', { params: { name: kept }, json: { image_uuid: otherImage } })
  assert.equal(await cli.inside('kept', `cat ${data}/file; stat -c %u ${data}/file`), 'precious\n0')
  assert.equal((await node.client.json<Machine>('machine.get', { params: { name: other } })).state, 'running')
  await remove(other)
  await node.follow('machine.stop', { params: { name: kept }, json: { force: true } })
  await node.follow('machine.start', { params: { name: kept } })
  await remove(kept)
  await node.follow('image.delete', { params: { uuid: otherImage } })
  assert.deepEqual(await clean(), nothing)
})
