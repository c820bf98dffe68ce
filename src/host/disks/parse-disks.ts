import { z } from 'zod'
import { answersLabel, bootLabel } from '#contracts/platform/names.ts'
import type { Disk } from '#contracts/platform/disk.ts'

/** What else must be known of a node to tell what its disks are for. */
export interface PoolFacts {
  /** Ids of imported and of destroyed pools, in decimal digits. */
  imported: ReadonlySet<string>
  destroyed: ReadonlySet<string>
  /** Path of a disk → its path in /dev/disk/by-id. */
  id_paths: ReadonlyMap<string, string>
  /** Path of a device → the imported pool it is part of: a spare's label names no pool. */
  members: ReadonlyMap<string, string>
}

const text = z.string().nullish()

const Block = z.object({
  name: z.string(),
  path: z.string(),
  type: z.string(),
  size: z.number(),
  model: text,
  serial: text,
  vendor: text,
  tran: text,
  rota: z.boolean(),
  rm: z.boolean(),
  ro: z.boolean(),
  fstype: text,
  label: text,
  uuid: text,
  parttype: text,
  mountpoints: z.array(z.string().nullable()),
  get children() {
    return z.array(Block).optional()
  },
})
export type Block = z.infer<typeof Block>

const Listing = z.object({ blockdevices: z.array(Block) })

/** Block devices of `lsblk -J -b` with our columns. */
export function parseBlocks(json: string): Block[] {
  return Listing.parse(JSON.parse(json)).blockdevices
}

export function listWithChildren(block: Block): Block[] {
  return [block, ...(block.children ?? []).flatMap(listWithChildren)]
}

export const zfsMember = 'zfs_member'
const zfsPartition = '6a898cc3-1dd2-11b2-99a6-080020736631'

/** Whole disks that could hold a pool, by name; no volumes of pools, no RAM disks, no CD drives. */
export function readDiskList(blocks: readonly Block[], facts: PoolFacts): Disk[] {
  return blocks
    .filter((block) => block.type === 'disk' && block.size > 0 && !/^(zd|ram|zram|loop|nbd|fd|sr)\d|boot\d$|rpmb$/.test(block.name))
    .map((block) => asDisk(block, facts))
    .toSorted((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
}

function asDisk(block: Block, facts: PoolFacts): Disk {
  const all = listWithChildren(block)
  const members = all.filter((part) => part.fstype === zfsMember)
  const alive = members.filter((part) => !facts.destroyed.has(part.uuid ?? '')).flatMap((part) => part.label ?? [])
  const imported = all.flatMap((part) => facts.members.get(part.path) ?? [])
  return {
    name: block.name,
    path: block.path,
    id_path: facts.id_paths.get(block.path) ?? null,
    size_bytes: block.size,
    model: trim(block.model),
    serial: trim(block.serial),
    vendor: vendorOf(block),
    transport: trim(block.tran),
    rotational: block.rota,
    removable: block.rm || block.tran === 'usb',
    read_only: block.ro,
    boot_medium: members.length === 0 && !all.some((part) => part.parttype === zfsPartition) && all.some(isMedium),
    in_use: imported.length > 0 || all.some((part) => isHeld(part) || facts.imported.has(part.uuid ?? '')),
    pools: [...new Set([...alive, ...imported])],
    file_systems: all
      // A spare or cache of a pool that is elsewhere has no name and no data, but is somebody's.
      .filter((part) => (part.fstype === zfsMember ? (part.label ?? '') === '' && imported.length === 0 : (part.fstype ?? '') !== ''))
      .map((part) => ({ path: part.path, type: part.fstype ?? '', label: part.label ?? null })),
  }
}

function isMedium(part: Block): boolean {
  return part.label === bootLabel || part.label === answersLabel
}

/** Mounted, swapped to, or below another layer: only a partition or the disk itself is free. */
function isHeld(part: Block): boolean {
  return part.mountpoints.some((mountpoint) => mountpoint !== null) || (part.type !== 'disk' && part.type !== 'part')
}

/** Virtual disks say the number of their maker on the PCI bus. */
function vendorOf(block: Block): string | null {
  const vendor = trim(block.vendor)
  return vendor === null || /^0x[0-9a-f]+$/i.test(vendor) ? null : vendor
}

function trim(word: string | null | undefined): string | null {
  const trimmed = (word ?? '').trim()
  return trimmed === '' ? null : trimmed
}

/** Of the names of one disk in /dev/disk/by-id, the one a person can tell it by: not the world wide number, and short. */
export function chooseIdName(names: readonly string[]): string | null {
  const rank = (name: string): number => (/^(wwn-|nvme-eui\.|nvme-uuid\.|nvme-nvme\.|scsi-3|lvm-|dm-|md-)/.test(name) ? 1 : 0)
  return names.toSorted((a, b) => rank(a) - rank(b) || a.length - b.length || (a < b ? -1 : 1))[0] ?? null
}
