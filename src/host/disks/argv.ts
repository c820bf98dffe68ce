import type { Argv } from '../run/programs.ts'

/** Sources: lsblk(8), sfdisk(8), wipefs(8) of util-linux 2.41, mkfs.fat(8), zpool(8) and zfs(8) of OpenZFS 2.3. */

const diskColumns = 'NAME,PATH,TYPE,SIZE,MODEL,SERIAL,VENDOR,TRAN,ROTA,RM,RO,FSTYPE,LABEL,UUID,PARTTYPE,MOUNTPOINTS'

/** All disks with what is on them, or one. */
export function renderListDisks(path?: string): Argv {
  return ['lsblk', '-J', '-b', '-o', diskColumns, ...(path === undefined ? [] : [path])]
}

export function renderSettle(): Argv {
  return ['udevadm', 'settle', '--timeout=60']
}

/** `-f`: a table is erased although the kernel has read it. */
export function renderWipe(paths: readonly string[]): Argv {
  return ['wipefs', '-q', '-a', '-f', ...paths]
}

/** ZFS's labels lie at both ends of a device; wipefs leaves some of them. */
export function renderClearLabel(path: string): Argv {
  return ['zpool', 'labelclear', '-f', path]
}

/** Reads the script from its input; the lock keeps udev from looking at the disk meanwhile, which would make it busy. */
export function renderPartition(disk: string): Argv {
  return ['sfdisk', '-q', '--lock=yes', '--wipe', 'always', '--wipe-partitions', 'always', disk]
}

/** `id`: eight hexadecimal digits. */
export function renderMakeFat(path: string, label: string, id: string): Argv {
  return ['mkfs.vfat', '-F', '32', '-n', label, '-i', id, path]
}

export function renderListPools(): Argv {
  return ['zpool', 'list', '-H', '-p', '-o', 'name,guid,health']
}

/** Imported pools with the full paths of their devices. */
export function renderListMembers(): Argv {
  return ['zpool', 'list', '-H', '-v', '-P']
}

/** `destroyed`: those in place of the others. */
export function renderListImportable(options: { destroyed: boolean }): Argv {
  return ['zpool', 'import', ...(options.destroyed ? ['-D'] : [])]
}

/** `-f`: though another system had it last; `-N`: nothing is mounted; `without_log`: though its log device is gone. */
export function renderImport(guid: string, options: { without_log: boolean }): Argv {
  return ['zpool', 'import', '-f', '-N', '-o', 'cachefile=none', ...(options.without_log ? ['-m'] : []), guid]
}

export function renderDestroyPool(name: string): Argv {
  return ['zpool', 'destroy', name]
}

export interface PoolWishes {
  name: string
  mountpoint: string
  /** Words of zpool(8) after the name. */
  vdevs: readonly string[]
  /** Of the top dataset, and so of all below. */
  properties: readonly string[]
}

/** `-f`: disks of a group may differ in size; what is on them has been looked at before. */
export function renderCreatePool(pool: PoolWishes): Argv {
  const properties = pool.properties.flatMap((property) => ['-O', property])
  return ['zpool', 'create', '-f', ...poolOptions, ...properties, '-m', pool.mountpoint, pool.name, ...pool.vdevs]
}

/** 4 KiB sectors also where a disk says 512; the list of pools is not kept, as the disks are asked at each boot. */
const poolOptions = ['-o', 'ashift=12', '-o', 'autotrim=on', '-o', 'cachefile=none'] as const

export function renderCreateDataset(name: string, properties: readonly string[]): Argv {
  return ['zfs', 'create', ...properties.flatMap((property) => ['-o', property]), name]
}

export function renderInherit(property: string, dataset: string): Argv {
  return ['zfs', 'inherit', property, dataset]
}

/** Top datasets of all pools. */
export function renderListTops(): Argv {
  return ['zfs', 'list', '-H', '-p', '-d', '0', '-o', `name,keystatus,${unfinishedProperty}`]
}

export function renderListMounts(pool: string): Argv {
  return ['zfs', 'list', '-H', '-p', '-r', '-t', 'filesystem', '-o', 'name,mountpoint,canmount,mounted,zoned,keystatus', pool]
}

/** With all below it. */
export function renderMountTree(dataset: string): Argv {
  return ['zfs', 'mount', '-R', dataset]
}

export function renderMountDataset(dataset: string): Argv {
  return ['zfs', 'mount', dataset]
}

export function renderReadAvailable(pool: string): Argv {
  return ['zfs', 'list', '-H', '-p', '-o', 'available', pool]
}

/** Set on a pool while it is being made: `yes`. */
export const unfinishedProperty = 'spirula:unfinished'
