import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Nic } from '#contracts/machine/record.ts'
import { createAddressIndex } from './address-index.ts'
import { conflictsOf } from './conflicts.ts'
import { planCreate } from './create.ts'
import { factsForTests, imageUuid } from './facts-for-tests.ts'

const base = planCreate({ brand: 'lx', image_uuid: imageUuid }, factsForTests()).record
const nic: Nic = { interface: 'eth0', mac: '02:08:20:00:00:01', nic_tag: 'internal', vlan_id: 4, ips: ['10.0.0.2/24', 'dhcp', 'fd00::2/64'], primary: true }
const machine = (uuid: string, nics: Nic[]): typeof base => ({ ...base, uuid, nics })

test('what was added is found, what was removed or replaced is not', () => {
  const index = createAddressIndex()
  index.add(machine('a', [nic, { ...nic, mac: '00:00:5e:00:01:05', ips: [], vrrp_vrid: 5 }]))
  assert.equal(index.byMac('02:08:20:00:00:01'.toUpperCase()), 'a')
  assert.equal(index.byMac('00:00:5e:00:01:05'), null, 'a VRRP nic holds its VRID, not its MAC')
  assert.deepEqual(
    [
      index.byAddress('internal', 4, '10.0.0.2'),
      index.byAddress('internal', 4, 'fd00::2'),
      index.byAddress('internal', 0, '10.0.0.2'),
      index.byAddress('other', 4, '10.0.0.2'),
    ],
    ['a', 'a', null, null],
  )
  assert.deepEqual([index.byVrid('internal', 4, 5), index.byVrid('internal', 4, 6), index.byMac(nic.mac, 'a')], ['a', null, null])
  index.add(machine('a', [{ ...nic, ips: ['10.0.0.3/24'] }]))
  assert.deepEqual([index.byAddress('internal', 4, '10.0.0.2'), index.byAddress('internal', 4, '10.0.0.3'), index.byVrid('internal', 4, 5)], [null, 'a', null])
  index.remove('a')
  index.remove('a')
  assert.deepEqual([index.byMac(nic.mac), index.byAddress('internal', 4, '10.0.0.3')], [null, null])
})

test('two owners of the same are both known', () => {
  const index = createAddressIndex()
  index.add(machine('a', [nic]))
  index.add(machine('b', [nic]))
  assert.deepEqual([index.byMac(nic.mac, 'a'), index.byMac(nic.mac, 'b')], ['b', 'a'])
  assert.deepEqual(conflictsOf(machine('a', [nic]), index), [
    'MAC 02:08:20:00:00:01 belongs to machine b',
    'IP 10.0.0.2 belongs to machine b',
    'IP fd00::2 belongs to machine b',
  ])
  index.remove('b')
  assert.deepEqual([index.byMac(nic.mac), conflictsOf(machine('a', [nic]), index)], ['a', []])
})

test('failed machines hold nothing', () => {
  const index = createAddressIndex()
  index.add({ ...machine('a', [nic]), internal: { uid_base: 1, failed: 'no' } })
  assert.equal(index.byMac(nic.mac), null)
})
