import assert from 'node:assert/strict'
import { test } from 'node:test'
import { payloadExamples } from '#contracts/machine/examples.ts'
import { validateCreate, validateUpdate } from './validate.ts'

const image_uuid = '11111111-2222-4333-8444-555555555555'

test('the examples are valid', () => {
  for (const { mode, payload, title } of payloadExamples)
    assert.deepEqual(mode === 'create' ? validateCreate(payload) : validateUpdate('lx', payload), {}, title)
})

test('valid payloads of brands this node cannot run are valid', () => {
  assert.deepEqual(validateCreate({ brand: 'joyent', image_uuid }), {})
  assert.deepEqual(
    validateCreate({
      brand: 'bhyve',
      ram: 1024,
      vcpus: 2,
      disks: [{ boot: true, model: 'virtio', image_uuid }],
      nics: [{ nic_tag: 'admin', ips: ['dhcp'], model: 'virtio' }],
    }),
    {},
  )
  assert.deepEqual(validateCreate({ brand: 'kvm', disks: [{ model: 'virtio' }] }), { bad_values: [], bad_properties: [], missing_properties: ['disks.0.size'] })
})

test('what is wrong is named by kind', () => {
  assert.deepEqual(validateCreate({ brand: 'xen' }), { bad_brand: 'xen' })
  assert.deepEqual(validateUpdate('xen', {}), { bad_brand: 'xen' })
  assert.deepEqual(validateCreate({}), { bad_values: [], bad_properties: [], missing_properties: ['brand', 'image_uuid'] })
  assert.deepEqual(
    validateCreate({
      brand: 'lx',
      image_uuid,
      quota: -1,
      vcpus: 1,
      foo: 1,
      max_physical_memory: 512,
      max_swap: 256,
      nics: [{ vlan_id: 9999 }, { nic_tag: 'a', ip: '10.0.0.1' }],
    }),
    {
      bad_values: ['quota', 'nics.0.vlan_id', 'nics.0.nic_tag', 'max_swap'],
      bad_properties: ['vcpus', 'foo'],
      missing_properties: ['nics.1.netmask'],
    },
  )
  assert.deepEqual(validateUpdate('lx', { brand: 'lx', set_tags: { a: {} }, remove_nics: 'x', add_nics: [{}], update_nics: [{ mtu: 1 }] }), {
    bad_values: ['set_tags.a', 'remove_nics', 'update_nics.0.mtu', 'add_nics.0.nic_tag'],
    bad_properties: ['brand'],
    missing_properties: ['update_nics.0.mac'],
  })
})
