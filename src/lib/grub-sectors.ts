/**
 * What has to be written into GRUB's two BIOS stages so that they find each other on a disk (GRUB manual, "Images"; boot.h of
 * its i386-pc port). Sectors are of 512 bytes.
 */
const sector = 512
/** boot.img: where the first sector of core.img is, 8 bytes. */
const kernelSectorAt = 0x5c
/** boot.img: a jump over the check of the drive number; two no-ops instead distrust the BIOS, as is right for hard disks. */
const driveCheckAt = 0x66
/** Bytes of a disk's first sector that are the disk's and not the loader's: the BIOS parameter block; disk signature and partition table. */
const kept = [
  { from: 0x3, to: 0x5a },
  { from: 0x1b8, to: 0x1fe },
] as const
/** core.img's first sector ends with a list of where its others are: start (8 bytes), count (2), segment (2). */
const listAt = sector - 12

/** A disk's first sector with the loader's code; `core` is the sector its core.img begins at. */
export function renderBootSector(bootImage: Uint8Array, present: Uint8Array, core: number): Buffer {
  if (bootImage.length !== sector || present.length !== sector) throw new Error('A boot sector has 512 bytes.')
  const bytes = Buffer.from(bootImage)
  for (const { from, to } of kept) bytes.set(present.subarray(from, to), from)
  bytes.writeBigUInt64LE(BigInt(core), kernelSectorAt)
  bytes.fill(0x90, driveCheckAt, driveCheckAt + 2)
  bytes.writeUInt16LE(0xaa55, sector - 2)
  return bytes
}

/** core.img for a place that begins at sector `start`; all of it lies together. */
export function renderCoreImage(coreImage: Uint8Array, start: number): Buffer {
  const bytes = Buffer.alloc(Math.ceil(coreImage.length / sector) * sector)
  bytes.set(coreImage)
  const others = bytes.length / sector - 1
  const listed = bytes.readUInt16LE(listAt + 8)
  if (others < 1 || listed !== others) throw new Error(`The core image lists ${listed} sectors and has ${others}: it is not of the kind that disks boot from.`)
  bytes.writeBigUInt64LE(BigInt(start + 1), listAt)
  return bytes
}
