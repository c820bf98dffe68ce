import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AppError } from '#contracts/errors.ts'
import type { MachineRecord } from '#contracts/machine/record.ts'
import { createAddressIndex } from './address-index.ts'
import { planCreate } from './create.ts'
import { factsForTests, imageUuid } from './facts-for-tests.ts'
import { type UpdateFacts, type UpdatePlan, planUpdate } from './update.ts'

const later = '2026-11-24T00:00:00.000Z'
const macs = ['02:08:20:00:00:aa', '02:08:20:00:00:bb'] as const
const twoNics = [
  { nic_tag: 'internal', mac: macs[0], ips: ['10.0.0.2/24', 'fd00::2/64'], gateways: ['10.0.0.1', 'fd00::1'] },
  { nic_tag: 'jumbo', mac: macs[1], ips: ['dhcp'] },
]

function machine(extra: Record<string, unknown> = {}): MachineRecord {
  return planCreate({ brand: 'lx', image_uuid: imageUuid, uuid: 'aaaaaaaa-0000-4000-8000-000000000000', nics: twoNics, ...extra }, factsForTests()).record
}

function update(payload: Record<string, unknown>, record: MachineRecord = machine(), facts: Partial<UpdateFacts> = {}): UpdatePlan {
  return planUpdate({ record, quota_gib: 10, running: true }, payload, { ...factsForTests(), now: later, ...facts })
}

function refusal(payload: Record<string, unknown>, record: MachineRecord = machine(), facts: Partial<UpdateFacts> = {}): AppError {
  try {
    update(payload, record, facts)
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  assert.fail('the payload was accepted')
}

function isBusy(plan: UpdatePlan): string[] {
  return Object.entries(plan.effects)
    .filter(([, value]) => value !== false && value !== null && !(Array.isArray(value) && value.length === 0))
    .map(([name]) => name)
}

test('an empty update changes nothing', () => {
  const record = machine()
  const plan = update({}, record)
  assert.equal(plan.record, record)
  assert.deepEqual([plan.changes, plan.warnings, isBusy(plan), plan.quota_gib], [[], [], [], 10])
  assert.deepEqual(update({ alias: '' }, record).changes, [])
})

test('plain properties, and back to their defaults', () => {
  const plan = update({ alias: 'web', cpu_shares: '50', autoboot: 'false', owner_uuid: imageUuid })
  assert.deepEqual(
    [plan.record.alias, plan.record.cpu_shares, plan.record.autoboot, plan.record.owner_uuid, plan.record.last_modified],
    ['web', 50, false, imageUuid, later],
  )
  assert.deepEqual(
    plan.changes.map((change) => [change.prettyPath, change.action]),
    [
      ['alias', 'added'],
      ['owner_uuid', 'changed'],
      ['autoboot', 'changed'],
      ['cpu_shares', 'changed'],
    ],
  )
  const back = update({ alias: '', cpu_shares: null, autoboot: '', owner_uuid: '' }, plan.record)
  assert.deepEqual({ ...back.record, last_modified: '' }, { ...machine(), last_modified: '' })
  assert.match(refusal({ max_physical_memory: '' }).message, /max_physical_memory cannot be unset/)
  assert.equal(update({ cpu_cap: 0 }, machine({ cpu_cap: 100 })).record.cpu_cap, undefined)
  assert.deepEqual([update({ quota: 0 }).quota_gib, update({ quota: '' }).quota_gib, update({ quota: 5 }).quota_gib], [null, null, 5])
  assert.deepEqual(isBusy(update({ quota: 0 })), ['quota'])
  assert.deepEqual(
    [
      update({ zfs_snapshot_limit: 5 }).record.zfs_snapshot_limit,
      update({ zfs_snapshot_limit: null }, machine({ zfs_snapshot_limit: 5 })).record.zfs_snapshot_limit,
    ],
    [5, undefined],
  )
})

test('memory keeps the differences of locked and swap and the ratio of tmpfs', () => {
  const record = machine({ max_physical_memory: 1024, max_locked_memory: 1000, max_swap: 2048, tmpfs: 256 })
  const memoryOf = ({ record: next }: UpdatePlan): number[] => [next.max_physical_memory, next.max_locked_memory, next.max_swap, next.tmpfs]
  assert.deepEqual(memoryOf(update({ ram: 2048 }, record)), [2048, 2024, 3072, 512])
  assert.deepEqual(memoryOf(update({ max_physical_memory: 512 }, record)), [512, 488, 1536, 128])
  assert.deepEqual(memoryOf(update({ max_physical_memory: 512, tmpfs: 0, max_swap: 700 }, record)), [512, 488, 700, 0])
  assert.deepEqual(memoryOf(update({ max_swap: '', tmpfs: '' }, record)), [1024, 1000, 1024, 1024])
  assert.match(refusal({ max_swap: 512 }, record).message, /max_swap must be >= max_physical_memory/)
  assert.deepEqual(isBusy(update({ ram: 2048 }, record)), ['limits', 'tmpfs'])
  assert.deepEqual(update({ tmpfs: 0 }, record).effects.restart_needed, ['tmpfs'])
})

test('maps: set_ merges, remove_ takes keys', () => {
  const record = machine({ tags: { a: 1, b: 2 }, customer_metadata: { x: 'y' } })
  const plan = update({ set_tags: { b: 3, c: true }, remove_tags: ['a', 'none'], set_customer_metadata: { z: '' } }, record)
  assert.deepEqual(
    [plan.record.tags, plan.record.customer_metadata],
    [
      { b: 3, c: true },
      { x: 'y', z: '' },
    ],
  )
  assert.deepEqual(isBusy(plan), ['metadata', 'firewall'])
  assert.match(refusal({ remove_tags: 'a' }).message, /remove_tags must be an array\./)
  assert.match(refusal({ set_tags: { a: [] } }).message, /set_tags\.a must be a string, number or boolean/)
  assert.match(refusal({ set_tags: null }).message, /set_tags must be an object/)
  assert.deepEqual(update({ tags: { a: 1 } }).warnings, ['"tags" is changed with set_tags and remove_tags, and is ignored.'])
})

test('nics: the primary flag moves, the MAC stays, exactly one is primary', () => {
  const moved = update({ update_nics: [{ mac: macs[1], primary: true }] })
  assert.deepEqual(
    moved.record.nics.map((nic) => nic.primary),
    [undefined, true],
  )
  assert.deepEqual(isBusy(moved), ['addresses', 'firewall'])
  const removed = update({ remove_nics: [macs[0].toUpperCase()] })
  assert.deepEqual(
    removed.record.nics.map((nic) => [nic.mac, nic.primary]),
    [[macs[1], true]],
  )
  assert.deepEqual([removed.effects.nics, removed.effects.restart_needed], [true, ['nics']])
  const publicWins = machine({ nics: [...twoNics, { nic_tag: 'internal', ips: ['8.8.4.4/24'] }] })
  assert.deepEqual(
    update({ remove_nics: [macs[0]] }, publicWins).record.nics.map((nic) => nic.primary),
    [undefined, true],
  )
  assert.match(
    refusal({
      update_nics: [
        { mac: macs[0], primary: true },
        { mac: macs[1], primary: true },
      ],
    }).message,
    /more than 1 primary NIC/,
  )
  assert.match(refusal({ update_nics: [{ mac: '02:08:20:00:00:cc' }] }).message, /no nic with MAC 02:08:20:00:00:cc/)
  assert.match(refusal({ update_nics: [{ ips: ['dhcp'] }] }).message, /Missing required properties: update_nics\.0\.mac/)
  assert.match(refusal({ update_nics: {} }).message, /update_nics must be an array\./)
  assert.match(refusal({ remove_nics: ['02:08:20:00:00:cc'] }).message, /no nic with MAC/)
})

test('nics: addresses in both forms over what was', () => {
  const nicOf = (change: Record<string, unknown>): Partial<MachineRecord['nics'][number]> => {
    const { ips, ip, netmask, gateways, gateway } = update({ update_nics: [{ mac: macs[0], ...change }] }).record.nics[0] ?? assert.fail()
    return JSON.parse(JSON.stringify({ ips, ip, netmask, gateways, gateway })) as Partial<MachineRecord['nics'][number]>
  }
  const gateways = { gateways: ['10.0.0.1', 'fd00::1'], gateway: '10.0.0.1' }
  assert.deepEqual(nicOf({ ip: '10.0.0.9' }), { ips: ['10.0.0.9/24', 'fd00::2/64'], ip: '10.0.0.9', netmask: '255.255.255.0', ...gateways })
  assert.deepEqual(nicOf({ netmask: '255.255.0.0' }), { ips: ['10.0.0.2/16', 'fd00::2/64'], ip: '10.0.0.2', netmask: '255.255.0.0', ...gateways })
  assert.deepEqual(nicOf({ ip: 'dhcp', gateway: '' }), { ips: ['dhcp', 'fd00::2/64'], ip: 'dhcp', gateways: ['fd00::1'] })
  assert.deepEqual(nicOf({ ips: ['addrconf'], gateways: null }), { ips: ['addrconf'] })
})

test('nics: adding, and what a running machine sees', () => {
  const plan = update({ add_nics: [{ nic_tag: 'internal', ips: ['10.0.0.3/24'] }] })
  assert.deepEqual(plan.record.nics[2], {
    interface: 'eth2',
    mac: '02:08:20:00:00:01',
    nic_tag: 'internal',
    ips: ['10.0.0.3/24'],
    ip: '10.0.0.3',
    netmask: '255.255.255.0',
  })
  assert.equal(update({ remove_nics: [macs[0]], add_nics: [{ nic_tag: 'internal' }] }).record.nics[1]?.interface, 'eth0')
  assert.deepEqual(isBusy(update({ update_nics: [{ mac: macs[0], allow_ip_spoofing: true }] })), ['guards'])
  assert.deepEqual(isBusy(update({ update_nics: [{ mac: macs[0], ips: ['10.0.0.7/24'] }] })), ['guards', 'addresses', 'firewall'])
  assert.deepEqual(update({ update_nics: [{ mac: macs[0], mtu: 1400 }] }).effects.restart_needed, ['nics'])
  assert.match(refusal({ add_nics: [{ nic_tag: 'internal', mac: macs[0] }] }).message, /same MAC/)
  assert.equal(refusal({ add_nics: [{ nic_tag: 'none' }] }).code, 'NicTagNotFound')
})

test('conflicts are looked for in named nics only, and never with the machine itself', () => {
  const conflicts = createAddressIndex()
  const record = machine()
  conflicts.add(record)
  conflicts.add({ ...machine({ nics: [{ nic_tag: 'internal', ips: ['10.0.0.7/24', '10.0.0.2/24'] }] }), uuid: 'bbbbbbbb-0000-4000-8000-000000000000' })
  const change = (ips: string[]): Record<string, unknown> => ({ update_nics: [{ mac: macs[0], ips }] })
  assert.equal(refusal(change(['10.0.0.7/24']), record, { conflicts }).code, 'AddressConflict')
  assert.ok(update(change(['10.0.0.8/24']), record, { conflicts }))
  assert.ok(update({ alias: 'x', update_nics: [{ mac: macs[1], mtu: 1400 }] }, record, { conflicts }))
  const gone = { readNicTag: () => null }
  assert.ok(update({ alias: 'x' }, record, gone), 'a lost tag does not keep other properties from changing')
})

test('routes hold on to nics', () => {
  const record = machine({ routes: { '10.9.0.0/16': 'nics[1]' } })
  assert.match(refusal({ remove_nics: [macs[1]] }, record).message, /names nics\[1\], but there are 1 nics/)
  assert.deepEqual(update({ remove_nics: [macs[1]], remove_routes: ['10.9.0.0/16'] }, record).record.routes, {})
  assert.deepEqual(isBusy(update({ set_routes: { '10.8.0.0/16': '10.0.0.1' } })), ['routes'])
})

test('file systems', () => {
  const record = machine({ filesystems: [{ type: 'lofs', source: '/a', target: '/a' }] })
  const plan = update({ add_filesystems: [{ type: 'lofs', source: '/b', target: '/b' }], update_filesystems: [{ target: '/a', options: ['ro'] }] }, record)
  assert.deepEqual(plan.record.filesystems, [
    { type: 'lofs', source: '/a', target: '/a', options: ['ro'] },
    { type: 'lofs', source: '/b', target: '/b' },
  ])
  assert.deepEqual(plan.effects.restart_needed, ['filesystems'])
  assert.equal(update({ remove_filesystems: ['/a'] }, record).record.filesystems, undefined)
  assert.match(refusal({ remove_filesystems: ['/z'] }, record).message, /missing requested filesystem: \/z/)
  assert.match(refusal({ update_filesystems: [{ target: '/z' }] }, record).message, /missing requested filesystem: \/z/)
  assert.match(refusal({ add_filesystems: [{ type: 'lofs', source: '/b', target: '/a' }] }, record).message, /two file systems have the target \/a/)
})

test('guards, resolvers, what cannot be changed', () => {
  assert.equal(update({ indestructible_zoneroot: true }).effects.indestructible_zoneroot, true)
  assert.equal(update({ indestructible_zoneroot: false }).effects.indestructible_zoneroot, null)
  assert.match(refusal({ indestructible_delegated: true }).message, /made without one/)
  assert.deepEqual(update({ resolvers: ['8.8.8.8'] }).warnings.length, 1)
  assert.equal(update({ resolvers: ['8.8.8.8'], maintain_resolvers: true }).effects.resolvers, true)
  const fixed = { brand: 'lx', uuid: 'aaaaaaaa-0000-4000-8000-000000000000', image_uuid: 'bbbbbbbb-0000-4000-8000-000000000000', nics: [], aliass: 'x' }
  assert.deepEqual(update(fixed).warnings, [
    '"image_uuid" cannot be changed by an update and is ignored; use vmadm reprovision.',
    '"nics" is changed with add_nics, update_nics and remove_nics, and is ignored.',
    '"aliass" is not a property of a machine and is ignored; did you mean "alias"?',
  ])
  assert.equal(refusal({ aliass: 'x' }, machine(), { strict: true }).code, 'UnknownProperty')
  assert.deepEqual(update({ hostname: 'new' }).effects.restart_needed, ['hostname'])
  assert.deepEqual(planUpdate({ record: machine(), quota_gib: null, running: false }, { hostname: 'new' }, factsForTests()).effects.restart_needed, [])
})

test('the same update again changes nothing; there is always one primary nic', () => {
  const nicChange = fc.record(
    { mac: fc.constantFrom(...macs), primary: fc.constant(true), vlan_id: fc.nat(4095), ips: fc.constantFrom(['dhcp'], ['10.0.0.9/24'], []) },
    { requiredKeys: ['mac'] },
  )
  const payload = fc.record(
    {
      alias: fc.constantFrom('a', 'b', ''),
      cpu_cap: fc.nat(200),
      set_tags: fc.dictionary(fc.constantFrom('p', 'q'), fc.oneof(fc.nat(), fc.boolean(), fc.string()), { noNullPrototype: true }),
      update_nics: fc.uniqueArray(nicChange, { selector: (nic) => nic.mac, maxLength: 2 }),
      remove_nics: fc.subarray([...macs]),
      add_nics: fc.array(fc.constant({ nic_tag: 'internal' }), { maxLength: 2 }),
    },
    { requiredKeys: [], noNullPrototype: true },
  )
  let planned = 0
  fc.assert(
    fc.property(payload, (change) => {
      try {
        const { record, changes } = update(change)
        planned++
        assert.equal(record.nics.filter((nic) => nic.primary === true).length, Math.min(1, record.nics.length))
        assert.equal(changes.length === 0, record.last_modified !== later)
        assert.deepEqual(update({}, record).record, record)
        const { add_nics: _added, remove_nics: _removed, ...again } = change
        assert.deepEqual(update(again, record).changes, [])
      } catch (error) {
        assert.ok(error instanceof AppError && /more than 1 primary|no nic with MAC|same IP/.test(error.message), String(error))
      }
    }),
    { numRuns: 300 },
  )
  assert.ok(planned > 50, `${planned} plans`)
})
