import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderBootSector, renderCoreImage } from './grub-sectors.ts'

test('the boot sector keeps what is the disk’s', () => {
  const present = Buffer.alloc(512, 0x11)
  const bytes = renderBootSector(Buffer.alloc(512, 0xee), present, 2048)
  assert.equal(bytes.readBigUInt64LE(0x5c), 2048n)
  assert.equal(bytes.readUInt16LE(0x66), 0x9090)
  assert.equal(bytes.readUInt16LE(510), 0xaa55)
  for (let at = 0x1b8; at < 0x1fe; at += 1) assert.equal(bytes[at], 0x11)
  for (let at = 3; at < 0x5a; at += 1) assert.equal(bytes[at], 0x11)
  assert.equal(bytes[0], 0xee)
  assert.equal(bytes[0x1b7], 0xee)
  assert.equal(present[0x5c], 0x11)
})

test('the core image is told where it lies', () => {
  const core = Buffer.alloc(512 * 3 - 100, 7)
  core.writeUInt16LE(2, 508)
  const bytes = renderCoreImage(core, 40)
  assert.equal(bytes.length, 1536)
  assert.equal(bytes.readBigUInt64LE(500), 41n)
  assert.throws(() => renderCoreImage(Buffer.alloc(1536), 40), /lists 0 sectors and has 2/)
})
