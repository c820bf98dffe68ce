import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import { directoriesOf } from './fat.ts'
import { partitionTypes, renderGpt } from './gpt.ts'
import { renderIpxe } from './ipxe.ts'
import { renderIsoArgv } from './iso.ts'
import { renderTar } from './tar.ts'
import { stampEnvironment } from './tool-tree.ts'
import { sizeEsp } from './usb.ts'

const mebibyte = 1 << 20

test('both copies of a partition table are right and name each other', () => {
  const sectors = 8192
  const partitions = [{ type: partitionTypes.efiSystem, name: 'EFI system', firstSector: 2048, sectors: 4096 }]
  const { head, tail } = renderGpt(partitions, sectors, 'seed')
  assert.deepEqual(renderGpt(partitions, sectors, 'seed'), { head, tail })
  assert.equal(head.length, 34 * 512)
  assert.equal(tail.length, 33 * 512)
  const [first, second] = [head.subarray(512, 1024), tail.subarray(32 * 512)]
  for (const [header, here, other, table] of [
    [first, 1, sectors - 1, head.subarray(1024)],
    [second, sectors - 1, 1, tail.subarray(0, 32 * 512)],
  ] as const) {
    assert.equal(header.toString('latin1', 0, 8), 'EFI PART')
    assert.equal(header.readBigUInt64LE(24), BigInt(here))
    assert.equal(header.readBigUInt64LE(32), BigInt(other))
    assert.equal(header.readUInt32LE(88), crc32(table))
    const zeroed = Buffer.from(header.subarray(0, 92))
    zeroed.writeUInt32LE(0, 16)
    assert.equal(header.readUInt32LE(16), crc32(zeroed))
  }
  assert.equal(second.readBigUInt64LE(72), BigInt(sectors - 33))
  const entry = head.subarray(1024, 1152)
  assert.equal(entry.toString('hex', 0, 16), '28732ac11ff8d211ba4b00a0c93ec93b')
  assert.equal(entry.readBigUInt64LE(40), 6143n)
  assert.equal(entry.toString('utf16le', 56, 76), 'EFI system')
  assert.equal(head[450], 0xee)
})

test('a tar of one file has the sums GRUB checks', () => {
  const tar = renderTar('boot/grub/grub.cfg', Buffer.from('echo hi\n'))
  assert.equal(tar.length, 512 * 4)
  const sum = tar.subarray(0, 512).reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0)
  assert.equal(Number.parseInt(tar.toString('latin1', 148, 154), 8), sum)
  assert.equal(Number.parseInt(tar.toString('latin1', 124, 135), 8), 8)
  assert.equal(tar.toString('latin1', 257, 262), 'ustar')
})

test('a USB image has room for two images', () => {
  assert.equal(sizeEsp(0), 128 * mebibyte)
  assert.ok(sizeEsp(220 * mebibyte) >= 460 * mebibyte)
  assert.equal(sizeEsp(220 * mebibyte) % (16 * mebibyte), 0)
})

test('directories come before what is in them', () => {
  assert.deepEqual(directoriesOf(['EFI/BOOT/B', 'boot/grub/a', 'boot/grub/b', 'c']), ['EFI', 'EFI/BOOT', 'boot', 'boot/grub'])
})

test('a stamp becomes a date; what is none is refused', () => {
  assert.deepEqual(stampEnvironment('19700101T000100Z'), { SOURCE_DATE_EPOCH: '60', TZ: 'UTC' })
  assert.throws(() => stampEnvironment('yesterday'), /not a stamp/)
})

test('an ISO dates its files by the stamp and boots both ways', () => {
  const argv = renderIsoArgv({ file: 'o.iso', stamp: '20261123T120000Z', efi: 'efi.img', hybrid: 'h.img', files: [{ path: 'a/b', source: '/s/b' }] })
  assert.equal(argv[argv.indexOf('--set_all_file_dates') + 1], '2026112312000000')
  assert.equal(argv.filter((word) => word === '-no-emul-boot').length, 2)
  assert.equal(argv.at(-1), '/a/b=/s/b')
})

test('the script for iPXE names the archive for UEFI kernels and goes on when loading fails', () => {
  const script = renderIpxe('20261123T120000Z')
  assert.match(script, /^#!ipxe\n/)
  assert.match(script, /initrd=boot_archive .*spirula.medium=pxe spirula\.image=\$\{cwduri\}platform-\S+ \$\{spirula-arguments\} \|\| goto failed/)
  assert.match(script, /initrd --name boot_archive platform-20261123T120000Z\/boot_archive/)
})
