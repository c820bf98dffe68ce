import assert from 'node:assert/strict'
import { test } from 'node:test'
import { properties } from '#contracts/machine/properties.ts'
import type { RecordInternal } from '#contracts/machine/record.ts'
import { planCreate } from './create.ts'
import { factsForTests, imageUuid } from './facts-for-tests.ts'
import { type Seen, renderMachine } from './view.ts'

const record = planCreate(
  { brand: 'lx', image_uuid: imageUuid, alias: 'web', nowait: true, delegate_dataset: true, nics: [{ nic_tag: 'internal', ips: ['dhcp'] }] },
  factsForTests(),
).record
const nothing: Seen = { status: null, transition: null, quota_bytes: null, snapshots: [], datasets: [], mountpoint: `/zones/${record.uuid}`, last_exit: null }
const running: Seen = { ...nothing, status: { state: 'running', pid: 42, zoneid: 7, started_at: '2026-11-23T10:00:01.000Z' } }

function statesOf(seen: Partial<Seen>, internal: Partial<RecordInternal> = {}): string[] {
  const { state, zone_state } = renderMachine({ ...record, internal: { ...record.internal, ...internal } }, { ...nothing, ...seen })
  return [state, zone_state]
}

test('states', () => {
  assert.deepEqual(statesOf({}), ['stopped', 'installed'])
  assert.deepEqual(statesOf(running), ['running', 'running'])
  const at = (state: 'prepared' | 'exited'): Seen['status'] => ({ state, pid: null, zoneid: 7, started_at: null })
  assert.deepEqual(statesOf({ status: at('prepared') }), ['ready', 'ready'])
  assert.deepEqual(statesOf({ status: at('exited') }), ['down', 'down'])
  assert.deepEqual(statesOf(running, { provisioning: true }), ['provisioning', 'running'])
  assert.deepEqual(statesOf({}, { receiving: true }), ['receiving', 'configured'])
  assert.deepEqual(statesOf({ ...running, transition: { target: 'stopping', expire: 'x' } }, { failed: 'why' }), ['failed', 'running'])
  for (const [target, state, to] of [
    ['stopping', 'stopping', 'stopped'],
    ['stopped', 'stopping', 'stopped'],
    ['starting', 'starting', 'running'],
    ['provisioning', 'provisioning', 'running'],
  ] as const) {
    const machine = renderMachine(record, { ...running, transition: { target, expire: '2026-11-23T10:10:00.000Z' } })
    assert.deepEqual([machine.state, machine.transition_to, machine.transition_expire], [state, to, '2026-11-23T10:10:00.000Z'])
  }
})

test('what is read back is shown, what is ours is not', () => {
  const machine = renderMachine(record, {
    ...running,
    quota_bytes: 20 * 2 ** 30,
    snapshots: [
      { name: 'vmsnap-old', created_at: '2026-01-01T00:00:00.000Z', used_bytes: 3.9 * 2 ** 20 },
      { name: 'indestructible', created_at: '2026-01-02T00:00:00.000Z', used_bytes: 0 },
      { name: 'vmsnap-new', created_at: '2026-01-03T00:00:00.000Z', used_bytes: 0 },
    ],
    datasets: [`zones/${record.uuid}/data`],
    last_exit: { exit_status: -9, exit_timestamp: '2026-11-22T00:00:00.000Z' },
  })
  assert.deepEqual(machine.snapshots, [
    { name: 'new', created_at: '2026-01-03T00:00:00.000Z', size: 0 },
    { name: 'old', created_at: '2026-01-01T00:00:00.000Z', size: 3 },
  ])
  assert.deepEqual([machine.quota, machine.type, machine.hvm, machine.zoneid, machine.pid, machine.exit_status], [20, 'LX', false, 7, 42, -9])
  assert.deepEqual(
    [machine.boot_timestamp, machine.zonepath, machine.zfs_filesystem],
    ['2026-11-23T10:00:01.000Z', `/zones/${record.uuid}`, `zones/${record.uuid}`],
  )
  for (const hidden of ['internal', 'nowait', 'delegate_dataset']) assert.ok(!Object.hasOwn(machine, hidden), hidden)
  assert.deepEqual(machine, JSON.parse(JSON.stringify(machine)))
})

test('each key shown is a property that the table describes', () => {
  const shown = renderMachine(
    { ...record, internal: { uid_base: 1, failed: 'x', provisioning: true } },
    {
      ...running,
      quota_bytes: 2 ** 30,
      transition: { target: 'stopping', expire: 'x' },
      datasets: ['d'],
      last_exit: { exit_status: 0, exit_timestamp: 'x' },
      missing: { datasets: [], disks: [], filesystems: [] },
      platform_buildstamp: 'x',
    },
  )
  assert.deepEqual(
    Object.keys(shown).filter((name) => !Object.hasOwn(properties, name)),
    [],
  )
})

test('a stopped machine has no pid, zoneid or boot time', () => {
  const machine = renderMachine({ ...record, brand: 'joyent-minimal' }, nothing)
  assert.deepEqual(
    ['pid', 'zoneid', 'boot_timestamp', 'quota', 'exit_status', 'datasets', 'failed', 'transition_to'].filter((name) => Object.hasOwn(machine, name)),
    [],
  )
  assert.deepEqual([machine.type, machine.snapshots], ['OS', []])
})
