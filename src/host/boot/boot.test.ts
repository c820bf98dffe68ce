import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { silentLog } from '../context.ts'
import { renderMount } from './argv.ts'
import { findMedium } from './devices.ts'
import { readEnvironmentBlock, writeEnvironmentBlock } from './environment.ts'
import { readEspOffset } from './gpt-offset.ts'
import { readImages } from './images.ts'
import { ensureLoaderFiles } from './loader.ts'
import { withLock } from './lock.ts'
import { parseBootDevices, parsePoolPaths } from './parse.ts'

let top: string
beforeEach(async () => {
  top = await mkdtemp(join(tmpdir(), 'spirula-boot-'))
})
afterEach(async () => await rm(top, { recursive: true }))

const bios = '21686148-6449-6e6f-744e-656564454649'
const efi = 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b'

function disk(path: string, label: string | null, fstype: string | null): object {
  const part = (number: number, parttype: string, more: object): object => ({
    path: `${path}${number}`,
    type: 'part',
    parttype,
    start: number * 2048,
    size: 1 << 30,
    fstype: null,
    label: null,
    ...more,
  })
  return {
    path,
    type: 'disk',
    fstype: null,
    label: null,
    start: null,
    size: 1 << 33,
    children: [part(1, bios, {}), part(2, efi, { fstype, label }), part(3, 'zfs', { fstype: 'zfs_member', label: 'zones' })],
  }
}

test('boot file systems are those of the pool’s disks, then media; other disks are not ours', () => {
  const lsblk = {
    blockdevices: [
      disk('/dev/sdc', 'SPIRULABOOT', 'vfat'),
      disk('/dev/sda', 'SPIRULABOOT', 'vfat'),
      disk('/dev/sdb', null, null),
      disk('/dev/sdd', 'OTHER', 'vfat'),
      { path: '/dev/sr0', type: 'rom', fstype: 'iso9660', label: 'SPIRULABOOT', size: 1 << 28, start: null },
    ],
  }
  const devices = parseBootDevices(JSON.stringify(lsblk), ['/dev/sda3', '/dev/sdb3'])
  assert.deepEqual(
    devices.map(({ path, kind, formatted, biosBootSector }) => [path, kind, formatted, biosBootSector]),
    [
      ['/dev/sda2', 'disk', true, 2048],
      ['/dev/sdb2', 'disk', false, 2048],
      ['/dev/sdc2', 'usb', true, 2048],
      ['/dev/sr0', 'iso', true, null],
    ],
  )
  assert.throws(() => findMedium(devices), /several boot media: \/dev\/sdc, \/dev\/sr0/)
  assert.equal(findMedium(devices, '/dev/sdc').path, '/dev/sdc2')
  assert.throws(() => findMedium(devices, '/dev/sda'), /no boot medium/)
})

test('the paths of a pool are found wherever they stand', () => {
  const leaf = (path: string): object => ({ name: path, vdev_type: 'disk', path, state: 'ONLINE' })
  const status = {
    pools: {
      zones: {
        vdevs: { zones: { vdev_type: 'root', vdevs: { 'mirror-0': { vdev_type: 'mirror', vdevs: { a: leaf('/dev/sda3'), b: leaf('/dev/sdb3') } } } } },
        spares: { c: leaf('/dev/sdc3') },
      },
    },
  }
  assert.deepEqual(parsePoolPaths(JSON.stringify(status)), ['/dev/sda3', '/dev/sdb3', '/dev/sdc3'])
})

test('file systems within files are mounted with their offset, nothing with devices or programs', () => {
  assert.deepEqual(renderMount({ source: 'a.img', type: 'vfat', write: false, offsetBytes: 2048 }, '/m'), [
    'mount',
    '-t',
    'vfat',
    '-o',
    'ro,nodev,nosuid,noexec,umask=077,utf8,errors=remount-ro,loop,offset=2048',
    'a.img',
    '/m',
  ])
})

test('the environment is written in place, or made', async () => {
  assert.equal(await readEnvironmentBlock(top), null)
  await writeEnvironmentBlock(top, Buffer.alloc(1024, 'a'))
  const inode = async (): Promise<number> => (await stat(join(top, 'boot/grub/grubenv'))).ino
  const before = await inode()
  await writeEnvironmentBlock(top, Buffer.alloc(1024, 'b'))
  assert.equal(await inode(), before)
  assert.ok((await readEnvironmentBlock(top))!.equals(Buffer.alloc(1024, 'b')))
  await truncate(join(top, 'boot/grub/grubenv'), 10)
  await writeEnvironmentBlock(top, Buffer.alloc(1024, 'c'))
  assert.equal((await readEnvironmentBlock(top))!.length, 1024)
})

test('a directory without its checksums, or without a file they name, is not whole', async () => {
  const stamp = '20261101T000000Z'
  const directory = join(top, `platform-${stamp}`)
  await mkdir(directory)
  await mkdir(join(top, 'platform-elsewhere'))
  const names = ['vmlinuz', 'boot_archive', 'manifest.json', 'sbom.cdx.json']
  for (const name of names) await writeFile(join(directory, name), 'x')
  assert.deepEqual(await readImages(top), [{ stamp, bytes: 4, whole: false }])
  await writeFile(join(directory, 'SHA256SUMS'), names.map((name) => `${'0'.repeat(64)}  ${name}\n`).join(''))
  assert.equal((await readImages(top))[0]?.whole, true)
  await rm(join(directory, 'vmlinuz'))
  assert.equal((await readImages(top))[0]?.whole, false)
  assert.deepEqual(await readImages(join(top, 'no/such')), [])
})

test('loader files are written where they differ; the operator’s stay', async () => {
  const loader = join(top, 'loader')
  const root = join(top, 'root')
  await mkdir(loader)
  await mkdir(join(root, 'boot/grub'), { recursive: true })
  for (const name of ['BOOTX64.EFI', 'grub.cfg']) await writeFile(join(loader, name), name)
  await writeFile(join(root, 'boot/grub/custom.cfg'), 'mine')
  assert.equal(await ensureLoaderFiles(root, { loader, medium: 'disk', operator: null }), true)
  assert.equal(await ensureLoaderFiles(root, { loader, medium: 'disk', operator: null }), false)
  assert.equal(await readFile(join(root, 'boot/grub/custom.cfg'), 'utf8'), 'mine')
  assert.equal(await ensureLoaderFiles(root, { loader, medium: 'disk', operator: Buffer.from('theirs') }), true)
  assert.equal(await readFile(join(root, 'boot/grub/custom.cfg'), 'utf8'), 'theirs')
  assert.deepEqual(await readdir(join(root, 'EFI/BOOT')), ['BOOTX64.EFI'])
})

test('one program at a time holds a lock, and its end gives it back', async () => {
  const context = { signal: new AbortController().signal, log: silentLog, now: () => new Date(0) }
  const name = `test-${process.pid}`
  await withLock(name, 0, context, async () => {
    await assert.rejects(
      withLock(name, 0, context, async () => {}),
      { code: 'Busy' },
    )
  })
  assert.equal(await withLock(name, 0, context, async () => 1), 1)
})

test('a file without a partition table is no disk image', async () => {
  await writeFile(join(top, 'a.img'), Buffer.alloc(4096))
  await assert.rejects(readEspOffset(join(top, 'a.img')), /no disk image/)
})
