import type { LayoutDisk } from '#contracts/platform/layout.ts'
import { isSameSize, readSizeClass } from './size-class.ts'

/** What each disk is for; all lists by size, then by name. */
export interface DiskRoles {
  storage: LayoutDisk[]
  logs: LayoutDisk[]
  cache: LayoutDisk[]
}

interface Group {
  size_gb: number
  solid_state: boolean
  disks: LayoutDisk[]
}

/** More than these of the smallest SSDs are too many to be an intent log. */
const maximumLogs = 4

/**
 * Shares disks out by kind and size. The largest rotating disks store, or the largest SSDs where nothing rotates; of
 * the SSDs that are left the smallest kind becomes the log when it is few; all others are cache. Removable disks and
 * tiny ones are not used.
 */
export function planRoles(disks: readonly LayoutDisk[], options: { cache: boolean }): DiskRoles {
  const groups = mergeGroups(groupDisks(disks)).toSorted((a, b) => smallestOf(a) - smallestOf(b))
  const rotating = groups.filter((group) => !group.solid_state)
  const solid = groups.filter((group) => group.solid_state)
  const storage = rotating.pop() ?? solid.pop()
  const logs = solid[0] !== undefined && solid[0].disks.length <= maximumLogs ? solid.shift() : undefined
  return {
    storage: sortDisks(storage?.disks ?? []),
    logs: sortDisks(logs?.disks ?? []),
    cache: options.cache ? [...rotating, ...solid].flatMap((group) => sortDisks(group.disks)) : [],
  }
}

function groupDisks(disks: readonly LayoutDisk[]): Group[] {
  const groups = new Map<string, Group>()
  for (const disk of disks) {
    const size_gb = disk.removable ? 0 : readSizeClass(Number(disk.size))
    if (size_gb === 0) continue
    const key = `${disk.type},${size_gb},${disk.solid_state}`
    const group = groups.get(key) ?? { size_gb, solid_state: disk.solid_state, disks: [] }
    group.disks.push(disk)
    groups.set(key, group)
  }
  return [...groups.values()]
}

/** Joins groups that differ only in how they are attached or by a hair in size; the larger one lends its size class. */
function mergeGroups(groups: readonly Group[]): Group[] {
  const left = new Set(groups)
  for (const one of groups) {
    for (const other of groups) {
      const isPair = one !== other && left.has(one) && left.has(other)
      if (!isPair || one.solid_state !== other.solid_state || !isSameSize(one.size_gb, other.size_gb)) continue
      const [into, from] = one.disks.length > other.disks.length ? [one, other] : [other, one]
      into.disks.push(...from.disks)
      left.delete(from)
    }
  }
  return [...left]
}

function smallestOf(group: Group): number {
  return Math.min(...group.disks.map((disk) => Number(disk.size)))
}

function sortDisks(disks: readonly LayoutDisk[]): LayoutDisk[] {
  return disks.toSorted((a, b) => Number(a.size) - Number(b.size) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}
