import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseIdName, parseBlocks, readDiskList, type Block } from './parse-disks.ts'
import { parseImportablePools, parseMembers, parseMountables, parsePools, parseTops } from './parse-pools.ts'

function makeBlock(fields: Partial<Block> & { name: string }): Block {
  const empty = { model: null, serial: null, vendor: null, tran: null, fstype: null, label: null, uuid: null, parttype: null }
  return { path: `/dev/${fields.name}`, type: 'disk', size: 10 * 2 ** 30, rota: false, rm: false, ro: false, mountpoints: [null], ...empty, ...fields }
}

const zfsType = '6a898cc3-1dd2-11b2-99a6-080020736631'
const none = { imported: new Set<string>(), destroyed: new Set<string>(), id_paths: new Map<string, string>(), members: new Map<string, string>() }

function makePoolDisk(name: string, guid: string): Block {
  return makeBlock({
    name,
    children: [
      makeBlock({ name: `${name}1`, type: 'part' }),
      makeBlock({ name: `${name}2`, type: 'part', fstype: 'vfat', label: 'SPIRULABOOT' }),
      makeBlock({ name: `${name}3`, type: 'part', fstype: 'zfs_member', label: 'zones', uuid: guid, parttype: zfsType }),
    ],
  })
}

test('a pool disk names its pool, and is in use while the pool is imported', () => {
  const block = makePoolDisk('vda', '17')
  const read = (facts: Partial<typeof none>): unknown =>
    readDiskList([block], { ...none, ...facts }).map(({ pools, in_use, boot_medium }) => ({ pools, in_use, boot_medium }))
  assert.deepEqual(read({}), [{ pools: ['zones'], in_use: false, boot_medium: false }])
  assert.deepEqual(read({ imported: new Set(['17']) }), [{ pools: ['zones'], in_use: true, boot_medium: false }])
  assert.deepEqual(read({ destroyed: new Set(['17']) }), [{ pools: [], in_use: false, boot_medium: false }])
  assert.deepEqual(readDiskList([block], none)[0]?.file_systems, [{ path: '/dev/vda2', type: 'vfat', label: 'SPIRULABOOT' }])
})

test('a spare, whose label names no pool, is known by the pool it is in; else it is somebody’s', () => {
  const spare = makeBlock({ name: 'vde', children: [makeBlock({ name: 'vde3', type: 'part', fstype: 'zfs_member' })] })
  const [used] = readDiskList([spare], { ...none, members: new Map([['/dev/vde3', 'zones']]) })
  assert.deepEqual([used?.pools, used?.in_use, used?.file_systems], [['zones'], true, []])
  const [idle] = readDiskList([spare], none)
  assert.deepEqual([idle?.pools, idle?.in_use, idle?.file_systems], [[], false, [{ path: '/dev/vde3', type: 'zfs_member', label: null }]])
})

test('a medium is known by its label, unless a pool is or was beside it', () => {
  const isMedium = (...children: Block[]): boolean | undefined => readDiskList([makeBlock({ name: 'sda', children })], none)[0]?.boot_medium
  const label = makeBlock({ name: 'sda2', type: 'part', fstype: 'vfat', label: 'SPIRULABOOT' })
  assert.equal(isMedium(label), true)
  assert.equal(isMedium(label, makeBlock({ name: 'sda3', type: 'part', parttype: zfsType })), false)
  assert.equal(isMedium(makeBlock({ name: 'sda1', type: 'part', fstype: 'ext4', label: 'home' })), false)
  assert.equal(readDiskList([makeBlock({ name: 'sdb', fstype: 'vfat', label: 'SPIRULACFG' })], none)[0]?.boot_medium, true)
})

test('only disks are listed, in the order of their numbers; what is mounted or below another layer is in use', () => {
  const blocks = [
    makeBlock({ name: 'sda10' }),
    makeBlock({ name: 'sda9' }),
    makeBlock({ name: 'zd0' }),
    makeBlock({ name: 'zram0' }),
    makeBlock({ name: 'loop1', type: 'loop' }),
    makeBlock({ name: 'sr0', type: 'rom' }),
    makeBlock({ name: 'mmcblk0boot0' }),
    makeBlock({ name: 'sdz', size: 0 }),
  ]
  assert.deepEqual(
    readDiskList(blocks, none).map((disk) => disk.name),
    ['sda9', 'sda10'],
  )
  const inUse = (child: Partial<Block>): boolean | undefined =>
    readDiskList([makeBlock({ name: 'sda', children: [makeBlock({ name: 'x', type: 'part', ...child })] })], none)[0]?.in_use
  assert.equal(inUse({}), false)
  assert.equal(inUse({ mountpoints: [null, '/mnt'] }), true)
  assert.equal(inUse({ children: [makeBlock({ name: 'vg-root', type: 'lvm' })] }), true)
})

test('facts of a disk are trimmed, USB counts as removable, the number of a virtual maker is left out', () => {
  const text = JSON.stringify({
    blockdevices: [
      makeBlock({ name: 'sda', model: 'Flash Drive  ', vendor: 'ACME    ', serial: '77', tran: 'usb' }),
      makeBlock({ name: 'vda', vendor: '0x1af4', rota: true }),
    ],
  })
  const [stick, virtual] = readDiskList(parseBlocks(text), { ...none, id_paths: new Map([['/dev/vda', '/dev/disk/by-id/virtio-1']]) })
  assert.deepEqual([stick?.model, stick?.vendor, stick?.serial, stick?.removable, stick?.id_path], ['Flash Drive', 'ACME', '77', true, null])
  assert.deepEqual([virtual?.vendor, virtual?.removable, virtual?.rotational, virtual?.id_path], [null, false, true, '/dev/disk/by-id/virtio-1'])
})

test('of the names of a disk the one that can be read is chosen', () => {
  assert.equal(chooseIdName(['wwn-0x5000c500', 'ata-ACME_D1_SER', 'scsi-35000c500']), 'ata-ACME_D1_SER')
  assert.equal(chooseIdName(['nvme-eui.0025', 'nvme-ACME_D2_S2', 'nvme-ACME_D2_S2_1']), 'nvme-ACME_D2_S2')
  assert.equal(chooseIdName(['wwn-0x5000c500']), 'wwn-0x5000c500')
  assert.equal(chooseIdName([]), null)
})

const importable = `   pool: zones
     id: 1234567890123456789
  state: DEGRADED
status: One or more devices contains corrupted data.
 action: The pool can be imported despite missing or damaged devices.  The
\tfault tolerance of the pool may be compromised if imported.
   see: https://openzfs.github.io/openzfs-docs/msg/ZFS-8000-4J
 config:

\tzones       DEGRADED
\t  mirror-0  DEGRADED
\t    vda3    ONLINE
\t    vdb3    UNAVAIL

   pool: my tank
     id: 42
  state: UNAVAIL
status: One or more devices are missing
\tfrom the system.
 config:

\tmy tank     UNAVAIL  missing device
\tpool: vdz
`

test('pools that can be imported are read from the text for people', () => {
  assert.deepEqual(parseImportablePools(importable), [
    { name: 'zones', guid: '1234567890123456789', state: 'DEGRADED', status: 'One or more devices contains corrupted data.' },
    { name: 'my tank', guid: '42', state: 'UNAVAIL', status: 'One or more devices are missing from the system.' },
  ])
  assert.deepEqual(parseImportablePools('no pools available to import\n'), [])
})

test('tables of zpool and zfs', () => {
  assert.deepEqual(
    [...parseMembers('zones\t17G\t1M\n\tmirror-0\t8.5G\n\t/dev/disk/by-id/a-part3\t9G\nspare     -     -\n\t/dev/vde3\t-\ntank\t1G\n\t/dev/vdf1\t1G\n')],
    [
      ['/dev/disk/by-id/a-part3', 'zones'],
      ['/dev/vde3', 'zones'],
      ['/dev/vdf1', 'tank'],
    ],
  )
  assert.deepEqual(parsePools('zones\t17\tONLINE\n'), [{ name: 'zones', guid: '17', health: 'ONLINE' }])
  assert.deepEqual(parseTops('zones\t-\t-\nsafe\tunavailable\tyes\n'), [
    { name: 'zones', locked: false, unfinished: false },
    { name: 'safe', locked: true, unfinished: true },
  ])
  const rows = [
    'zones\t/zones\ton\tno\toff\t-',
    'zones/a\t/zones/a\ton\tyes\toff\t-',
    'zones/b\t/zones/b\tnoauto\tno\toff\t-',
    'zones/c\tlegacy\ton\tno\toff\t-',
    'zones/d\t/data\ton\tno\ton\t-',
    'zones/e\t/zones/e\ton\tno\toff\tunavailable',
  ]
  assert.deepEqual(parseMountables(rows.join('\n')), [{ name: 'zones', mountpoint: '/zones' }])
})
