import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderCompressionName } from './argv.ts'
import { parseGroupTable, parseStreamKind, parseSubvolumeList, parseSubvolumeShow } from './parse.ts'
import { renderCreate, renderFreeze, renderLimit } from './steps.ts'

test('qgroup show --raw -pcre of progs 6.2, with simple quotas', () => {
  const text = `Qgroupid    Referenced    Exclusive  Max referenced  Max exclusive Parent   Child         Path
--------    ----------    ---------  --------------  ------------- ------   -----         ----
0/5              16384        16384            none           none -        -             <toplevel>
0/258            16384        16384            none           none 15/2000  -             U/with blank
0/260            16384        16384            none           none 15/2000,14/3 -             <stale>
15/2000       52412416     52412416            none       52428800 -        0/258,0/260   <0 member qgroups>
15/9                 0            0            none           none -        -             <0 member qgroups>
`
  assert.deepEqual(parseGroupTable(text), [
    { group: { level: 0, number: 5 }, exclusive_bytes: 16384, limit_bytes: null, parents: [], members: 0, path: '<toplevel>' },
    { group: { level: 0, number: 258 }, exclusive_bytes: 16384, limit_bytes: null, parents: [{ level: 15, number: 2000 }], members: 0, path: 'U/with blank' },
    {
      group: { level: 0, number: 260 },
      exclusive_bytes: 16384,
      limit_bytes: null,
      parents: [
        { level: 15, number: 2000 },
        { level: 14, number: 3 },
      ],
      members: 0,
      path: '<stale>',
    },
    { group: { level: 15, number: 2000 }, exclusive_bytes: 52412416, limit_bytes: 52428800, parents: [], members: 2, path: '<0 member qgroups>' },
    { group: { level: 15, number: 9 }, exclusive_bytes: 0, limit_bytes: null, parents: [], members: 0, path: '<0 member qgroups>' },
  ])
  assert.deepEqual(parseGroupTable(''), [])
})

test('subvolume list and show', () => {
  assert.deepEqual(parseSubvolumeList('ID 256 gen 9 top level 5 path img\nID 259 gen 23 top level 258 path U/inner one\nnonsense\n'), [
    { id: 256, path: 'img' },
    { id: 259, path: 'U/inner one' },
  ])
  const shown = (received: string, flags: string): string =>
    `x/one\n\tName: \t\t\tone\n\tUUID: \t\t\te762216e-faf8-304c-8765-b5122c5c1b32\n\tReceived UUID: \t\t${received}\n\tSubvolume ID: \t\t261\n\tFlags: \t\t\t${flags}\n`
  assert.deepEqual(parseSubvolumeShow(shown('fcce7d46-a768-db4f-b6ab-9e7e7be580f3', 'readonly')), { id: 261, received: true })
  assert.deepEqual(parseSubvolumeShow(shown('-', 'readonly')), { id: 261, received: false })
  assert.deepEqual(parseSubvolumeShow(shown('fcce7d46-a768-db4f-b6ab-9e7e7be580f3', '-')), { id: 261, received: false })
  assert.equal(parseSubvolumeShow('ERROR: not a subvolume'), null)
})

test('the head of a stream tells full from incremental', () => {
  const head = (command: number): Buffer => {
    const bytes = Buffer.alloc(27)
    bytes.write('btrfs-stream\0', 'latin1')
    bytes.writeUInt32LE(1, 13)
    bytes.writeUInt16LE(command, 21)
    return bytes
  }
  assert.equal(parseStreamKind(head(1)), 'full')
  assert.equal(parseStreamKind(head(2)), 'incremental')
  assert.equal(parseStreamKind(head(3)), null)
  assert.equal(parseStreamKind(head(1).subarray(0, 26)), null)
  assert.equal(parseStreamKind(Buffer.from('something else that is long enough')), null)
})

test('steps, and words for compression', () => {
  const group = { level: 15, number: 7 }
  assert.deepEqual([renderFreeze('/p/a', '/p/b', group), renderCreate('/p/c', null)].flat(), ['freeze', '/p/a', '/p/b', '15/7', 'create', '/p/c', '-'])
  assert.deepEqual([renderLimit(group, null), renderLimit(group, 4096)].flat(), ['limit', '15/7', 'none', 'limit', '15/7', '4096'])
  assert.deepEqual(['off', 'on', 'gzip', 'gzip-9', 'lz4', 'lzjb', 'zle'].map(renderCompressionName), ['none', 'zstd', 'zlib', 'zlib', 'zstd', 'lzo', 'lzo'])
})
