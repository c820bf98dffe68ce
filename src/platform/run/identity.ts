import { createHash } from 'node:crypto'

/** MAC address of a guest's nic: the same for the same name at every start. In the range that QEMU's guests have. */
export function renderMac(name: string, nic: number): string {
  const digest = createHash('sha256').update(name).digest()
  const bytes = [0x52, 0x54, 0x00, digest[0]!, digest[1]!, (digest[2]! & 0xf0) | (nic & 0x0f)]
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}

/** UUID of a guest (version 8, from its name), which the node takes as its own. */
export function renderUuid(name: string): string {
  const digest = createHash('sha256').update(`uuid ${name}`).digest()
  digest[6] = (digest[6]! & 0x0f) | 0x80
  digest[8] = (digest[8]! & 0x3f) | 0x80
  return digest.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
