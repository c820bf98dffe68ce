import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '#contracts/errors.ts'
import { parseDatasets, parseHolds, parsePoolUsage, parseSnapshots, parseTop } from './parse.ts'

const head = { output_version: { command: 'zfs list', vers_major: 0, vers_minor: 1 } }
const none = { type: 'NONE', data: '-' }

test('zfs list -j --json-int -p of file systems (2.3)', () => {
  const text = JSON.stringify({
    ...head,
    datasets: {
      'zones': {
        name: 'zones',
        type: 'FILESYSTEM',
        pool: 'zones',
        createtxg: 1,
        properties: {
          mountpoint: { value: '/zones', source: { type: 'LOCAL', data: '-' } },
          origin: { value: '-', source: none },
          used: { value: 1048576, source: none },
          quota: { value: 0, source: { type: 'DEFAULT', data: '-' } },
          creation: { value: 1787466976, source: none },
        },
      },
      'zones/u': {
        name: 'zones/u',
        type: 'FILESYSTEM',
        pool: 'zones',
        createtxg: 31,
        properties: {
          mountpoint: { value: '/zones/u', source: { type: 'INHERITED', data: 'zones' } },
          origin: { value: 'zones/image@final', source: none },
          used: { value: 65536, source: none },
          quota: { value: 10737418240, source: { type: 'LOCAL', data: '-' } },
          creation: { value: '1787466977', source: none },
        },
      },
    },
  })
  assert.deepEqual(parseDatasets(text), [
    { name: 'zones', mountpoint: '/zones', origin: null, used_bytes: 1048576, quota_bytes: null, created_at: '2026-08-23T06:36:16.000Z' },
    {
      name: 'zones/u',
      mountpoint: '/zones/u',
      origin: 'zones/image@final',
      used_bytes: 65536,
      quota_bytes: 10737418240,
      created_at: '2026-08-23T06:36:17.000Z',
    },
  ])
})

test('zfs list of snapshots: newest first by transaction, with holds and clones', () => {
  const snapshot = (name: string, createtxg: number, more: object): [string, object] => [
    `zones/u@${name}`,
    {
      name: `zones/u@${name}`,
      type: 'SNAPSHOT',
      pool: 'zones',
      dataset: 'zones/u',
      snapshot_name: name,
      createtxg,
      properties: {
        used: { value: 8192, source: none },
        creation: { value: 1787466976, source: none },
        createtxg: { value: createtxg, source: none },
        ...more,
      },
    },
  ]
  const text = JSON.stringify({
    ...head,
    datasets: Object.fromEntries([
      snapshot('a', 7, { userrefs: { value: 2, source: none }, clones: { value: 'zones/v,zones/w', source: none } }),
      snapshot('b', 9, { userrefs: { value: 0, source: none }, clones: { value: '', source: none } }),
    ]),
  })
  const created_at = '2026-08-23T06:36:16.000Z'
  assert.deepEqual(parseSnapshots(text), [
    { dataset: 'zones/u', snapshot: 'b', used_bytes: 8192, created_at, createtxg: 9, holds: 0, clones: [] },
    { dataset: 'zones/u', snapshot: 'a', used_bytes: 8192, created_at, createtxg: 7, holds: 2, clones: ['zones/v', 'zones/w'] },
  ])
  assert.deepEqual(parseSnapshots(JSON.stringify({ ...head, datasets: {} })), [])
})

test('holds, usage, and an old zfs that prints no JSON', () => {
  assert.deepEqual(parseHolds('zones/u@s\torg.spirula:send\tMon Nov 23 12:00 2026\nzones/u@s\ttwo\tMon Nov 23 12:01 2026\n'), ['org.spirula:send', 'two'])
  assert.deepEqual(parseHolds(''), [])
  const usage = { datasets: { zones: { name: 'zones', properties: { used: { value: 100, source: none }, available: { value: 900, source: none } } } } }
  assert.deepEqual(parsePoolUsage(JSON.stringify(usage)), { used_bytes: 100, available_bytes: 900 })
  assert.throws(
    () => parseDatasets("invalid option 'j'"),
    (error) => isAppError(error, 'CommandFailed'),
  )
})

test('what of a pool should be mounted and is not', () => {
  const row = (name: string, mountpoint: string, mounted: string, canmount = 'on'): [string, object] => [
    name,
    { name, type: 'FILESYSTEM', properties: { mountpoint: { value: mountpoint, source: none }, mounted: { value: mounted }, canmount: { value: canmount } } },
  ]
  const rows = [
    row('zones', '/zones', 'yes'),
    row('zones/u', '/zones/u', 'no'),
    row('zones/none', 'none', 'no'),
    row('zones/none/legacy', 'legacy', 'no'),
    row('zones/later', '/zones/later', 'no', 'noauto'),
  ]
  assert.deepEqual(parseTop(JSON.stringify({ ...head, datasets: Object.fromEntries(rows) }), 'zones'), { mountpoint: '/zones', unmounted: ['zones/u'] })
})
