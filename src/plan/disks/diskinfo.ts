import type { Disk } from '#contracts/platform/disk.ts'
import type { LayoutDisk } from '#contracts/platform/layout.ts'

/** Lines of `diskinfo -Hp`: type, name, vendor, product, bytes, removable, solid state, between tabs. */
export function parseDiskinfo(text: string): LayoutDisk[] {
  return text
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [type = '', name = '', vid = '', pid = '', size = '', removable, solid] = line.split('\t')
      return { type, name, vid, pid, size, removable: removable === 'yes', solid_state: solid === 'yes' }
    })
}

/** Disks of this node that a new pool could be made of, pools on them or not. */
export function listLayoutDisks(disks: readonly Disk[]): LayoutDisk[] {
  return disks.filter((disk) => !disk.in_use && !disk.read_only && !disk.boot_medium).map(asLayoutDisk)
}

function asLayoutDisk(disk: Disk): LayoutDisk {
  return {
    type: disk.transport?.toUpperCase() ?? 'UNKNOWN',
    name: disk.name,
    vid: disk.vendor ?? '',
    pid: disk.model ?? '',
    size: String(disk.size_bytes),
    removable: disk.removable,
    solid_state: !disk.rotational,
  }
}
