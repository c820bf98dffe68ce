import type { Argv } from '../run/programs.ts'

/** Sources: zpool-status(8) of OpenZFS 2.3, lsblk(8), mount(8), mkfs.fat(8), fsck.fat(8), kexec(8). */

export function renderPoolStatus(pool: string): Argv {
  return ['zpool', 'status', '-P', '-j', '--json-int', pool]
}

/** With NAME, for without it lsblk lists disks and partitions side by side. */
export function renderListBlocks(): Argv {
  return ['lsblk', '-J', '-b', '-o', 'NAME,PATH,TYPE,FSTYPE,LABEL,PARTTYPE,START,SIZE']
}

export interface MountPlace {
  /** A block device, or a file (then with `offsetBytes`). */
  source: string
  type: 'vfat' | 'iso9660'
  write: boolean
  /** Where the file system begins within a file. */
  offsetBytes?: number
}

/** Names are UTF-8 and keep their case; what lies on FAT is root's alone. */
export function renderMount(place: MountPlace, target: string): Argv {
  const options = [
    place.write ? 'rw' : 'ro',
    'nodev',
    'nosuid',
    'noexec',
    ...(place.type === 'vfat' ? ['umask=077', 'utf8', 'errors=remount-ro'] : []),
    ...(place.offsetBytes === undefined ? [] : ['loop', `offset=${place.offsetBytes}`]),
  ]
  return ['mount', '-t', place.type, '-o', options.join(','), place.source, target]
}

export function renderUnmount(target: string): Argv {
  return ['umount', target]
}

/** Repairs without asking: clusters that a killed copy took are given back. */
export function renderCheckFat(device: string): Argv {
  return ['fsck.fat', '-a', '-w', device]
}

export function renderMakeFat(device: string, label: string): Argv {
  return ['mkfs.vfat', '-F', '32', '-n', label, device]
}

export function renderLoadKernel(next: { kernel: string; archive: string; words: string }): Argv {
  return ['kexec', '-l', next.kernel, `--initrd=${next.archive}`, `--command-line=${next.words}`]
}

export function renderStartKernel(): Argv {
  return ['systemctl', 'kexec']
}
