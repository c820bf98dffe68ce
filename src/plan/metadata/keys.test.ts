import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listKeys, metadataLimits, resolveDelete, resolveGet, resolvePut } from './keys.ts'
import { createRecord } from './record.fixture.ts'

const record = createRecord({
  customer_metadata: { 'user-script': '#!/bin/sh', 'flag': true, 'docker:x': 'hidden', 'sdc:uuid': 'forged' },
  internal_metadata: { 'root_pw': 'secret', 'docker:cmd': '[]', 'operator-script': '#!/bin/true', 'private': 'operator only', 'sdc:volumes': '[{"name":"v"}]' },
  internal_metadata_namespaces: ['docker'],
  tags: { role: 'db', __proto__x: 1 },
  routes: { '192.168.0.0/16': '10.0.0.9', '172.16.0.1': 'nics[0]', '172.16.0.2': 'macs[02:00:00:00:00:01]', '172.16.0.3': 'nics[7]' },
  nics: [{ interface: 'eth0', mac: '02:00:00:00:00:01', nic_tag: 'int', ips: ['dhcp', '10.0.0.2/24'] }],
})
const facts = { record, extra: { quota: 10, state: 'running' } }

function get(key: string): string | null {
  const answer = resolveGet(key, facts)
  return answer.kind === 'success' ? (answer.value ?? '') : null
}

test('GET finds each key where it belongs', () => {
  const expected: Record<string, string | null> = {
    'user-script': '#!/bin/sh',
    'flag': 'true',
    'root_pw': 'secret',
    'docker:cmd': '[]',
    'docker:x': null,
    'private': null,
    'operator-script': null,
    'sdc:operator-script': '#!/bin/true',
    'sdc:uuid': record.uuid,
    'sdc:server_uuid': record.server_uuid,
    'sdc:datacenter_name': 'lab',
    'sdc:hostname': 'web01',
    'sdc:quota': '10',
    'sdc:tmpfs': '256',
    'sdc:resolvers': '["10.0.0.53","fd00::53"]',
    'sdc:volumes': '[{"name":"v"}]',
    'sdc:tags.role': 'db',
    'sdc:tags.none': null,
    'sdc:nope': null,
  }
  for (const [key, value] of Object.entries(expected)) assert.equal(get(key), value, key)
  assert.deepEqual(JSON.parse(get('sdc:nics') ?? ''), record.nics)
})

test('sdc:routes is a list; a route over a nic without an address is left out', () => {
  assert.deepEqual(JSON.parse(get('sdc:routes') ?? ''), [
    { linklocal: false, dst: '192.168.0.0/16', gateway: '10.0.0.9' },
    { linklocal: true, dst: '172.16.0.1', gateway: '10.0.0.2' },
    { linklocal: true, dst: '172.16.0.2', gateway: '10.0.0.2' },
  ])
})

test('what is not for the guest, or not its own property, is not found', () => {
  for (const key of ['sdc:internal', 'sdc:internal_metadata', 'sdc:__proto__', 'sdc:constructor', '__proto__', 'toString', 'sdc:tags.__proto__'])
    assert.equal(get(key), null, key)
})

test('KEYS lists what GET gives', () => {
  const keys = listKeys(facts)
  assert.deepEqual(keys.toSorted(), ['docker:cmd', 'flag', 'root_pw', 'user-script'])
  for (const key of keys) assert.notEqual(get(key), null)
})

test('PUT and DELETE go where GET looks', () => {
  assert.deepEqual(resolvePut('a', '1', facts), { kind: 'put', store: 'customer_metadata', key: 'a', value: '1' })
  assert.deepEqual(resolvePut('db_pw', '1', facts), { kind: 'put', store: 'internal_metadata', key: 'db_pw', value: '1' })
  assert.deepEqual(resolvePut('operator-script', '1', facts), { kind: 'put', store: 'internal_metadata', key: 'operator-script', value: '1' })
  assert.deepEqual(resolveDelete('root_pw', facts), { kind: 'remove', store: 'internal_metadata', key: 'root_pw' })
  assert.deepEqual(resolveDelete('nope', facts), { kind: 'none' })
})

test('refused: read-only namespaces, odd keys', () => {
  assert.deepEqual(resolvePut('sdc:uuid', '1', facts), { kind: 'refused', message: 'Cannot update the "sdc" Namespace.' })
  assert.deepEqual(resolveDelete('docker:cmd', facts), { kind: 'refused', message: 'Cannot update the "docker" Namespace.' })
  for (const key of ['', '__proto__', 'two\nlines', 'x'.repeat(256)]) assert.equal(resolvePut(key, '1', facts).kind, 'refused', key)
})

test('a guest cannot fill the host: total size and number of keys are bounded', () => {
  assert.equal(resolvePut('big', 'x'.repeat(metadataLimits.totalBytes), facts).kind, 'refused')
  assert.equal(resolvePut('big', 'x'.repeat(metadataLimits.totalBytes / 2), facts).kind, 'put')
  const many = Object.fromEntries(Array.from({ length: metadataLimits.keys }, (_, index) => [`k${index}`, 'v']))
  const full = { record: createRecord({ customer_metadata: many }) }
  assert.equal(resolvePut('one-more', 'v', full).kind, 'refused')
  assert.equal(resolvePut('k1', 'other', full).kind, 'put')
  const over = { record: createRecord({ customer_metadata: { big: 'x'.repeat(metadataLimits.totalBytes + 10) } }) }
  assert.equal(resolvePut('big', 'x'.repeat(metadataLimits.totalBytes + 5), over).kind, 'put')
})
