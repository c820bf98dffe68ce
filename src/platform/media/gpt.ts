import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** A GUID partition table (UEFI specification, chapter 5) with fixed identifiers: same input, same bytes. Sectors are of 512 bytes. */
export interface GptPartition {
  type: string
  name: string
  firstSector: number
  sectors: number
}

export const partitionTypes = {
  biosBoot: '21686148-6449-6E6F-744E-656564454649',
  efiSystem: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B',
} as const

const sector = 512
const entrySize = 128
const entries = 128
const tableSectors = (entries * entrySize) / sector
/** Sectors at the end of a disk that the second copy takes. */
export const gptTailSectors = tableSectors + 1

/** The two copies of the table: `head` belongs at sector 0, `tail` at the end of a disk of `sectors` sectors. */
export function renderGpt(partitions: readonly GptPartition[], sectors: number, seed: string): { head: Buffer; tail: Buffer } {
  const table = Buffer.alloc(entries * entrySize)
  partitions.forEach((partition, index) => writeEntry(table.subarray(index * entrySize), partition, seed))
  const last = sectors - 1
  const common = { table, sectors, disk: renderGuid(guidOf(`${seed} disk`)) }
  const first = renderHeader({ ...common, here: 1, other: last, tableAt: 2 })
  const second = renderHeader({ ...common, here: last, other: 1, tableAt: last - tableSectors })
  return { head: Buffer.concat([renderProtectiveMbr(sectors), first, table]), tail: Buffer.concat([table, second]) }
}

function writeEntry(entry: Buffer, partition: GptPartition, seed: string): void {
  entry.set(renderGuid(partition.type), 0)
  entry.set(renderGuid(guidOf(`${seed} ${partition.name}`)), 16)
  entry.writeBigUInt64LE(BigInt(partition.firstSector), 32)
  entry.writeBigUInt64LE(BigInt(partition.firstSector + partition.sectors - 1), 40)
  entry.write(partition.name, 56, 'utf16le')
}

function renderHeader(at: { table: Buffer; sectors: number; disk: Buffer; here: number; other: number; tableAt: number }): Buffer {
  const header = Buffer.alloc(sector)
  header.write('EFI PART', 0, 'latin1')
  header.writeUInt32LE(0x10000, 8)
  header.writeUInt32LE(92, 12)
  header.writeBigUInt64LE(BigInt(at.here), 24)
  header.writeBigUInt64LE(BigInt(at.other), 32)
  header.writeBigUInt64LE(BigInt(2 + tableSectors), 40)
  header.writeBigUInt64LE(BigInt(at.sectors - gptTailSectors - 1), 48)
  header.set(at.disk, 56)
  header.writeBigUInt64LE(BigInt(at.tableAt), 72)
  header.writeUInt32LE(entries, 80)
  header.writeUInt32LE(entrySize, 84)
  header.writeUInt32LE(crc32(at.table), 88)
  header.writeUInt32LE(crc32(header.subarray(0, 92)), 16)
  return header
}

/** One partition of type EE over the disk; marked active, for BIOSes that start no disk without an active one. */
function renderProtectiveMbr(sectors: number): Buffer {
  const mbr = Buffer.alloc(sector)
  mbr.set([0x80, 0x00, 0x02, 0x00, 0xee, 0xff, 0xff, 0xff], 446)
  mbr.writeUInt32LE(1, 454)
  mbr.writeUInt32LE(Math.min(sectors - 1, 0xffffffff), 458)
  mbr.writeUInt16LE(0xaa55, 510)
  return mbr
}

/** A GUID made of a text, of version 8. */
function guidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`.toUpperCase()
}

/** The first three groups are numbers, little endian; the rest are bytes. */
function renderGuid(text: string): Buffer {
  const bytes = Buffer.from(text.replaceAll('-', ''), 'hex')
  bytes.subarray(0, 4).swap32()
  bytes.subarray(4, 8).swap16()
  return bytes
}
