import type { Argv } from '../run/programs.ts'

/** Metadata once: its copy would lie on the same file. */
export function renderMakeBtrfs(label: string, file: string): Argv {
  return ['mkfs.btrfs', '-q', '-m', 'single', '-L', label, file]
}

/** The loop device is freed by the umount; noatime as on SmartOS (`atime=off`). */
export function renderMountLoop(file: string, mountpoint: string): Argv {
  return ['mount', '-t', 'btrfs', '-o', 'loop,noatime', file, mountpoint]
}

/**
 * Moves the metadata of a fresh file system, for which mkfs made 8 MiB, into a chunk of the size the kernel chooses (up
 * to 256 MiB): else a guest that fills the pool leaves none to the node, which can then neither stop nor delete it.
 */
export function renderGrowMetadata(mountpoint: string): Argv {
  return ['btrfs', 'balance', 'start', '-m', mountpoint]
}

export function renderUmount(mountpoint: string): Argv {
  return ['umount', mountpoint]
}

/** Has the loop device take over its file's new size. */
export function renderLoopResize(device: string): Argv {
  return ['losetup', '-c', device]
}

export function renderModprobe(module: string): Argv {
  return ['modprobe', '-q', module]
}

export function renderZpoolList(name: string): Argv {
  return ['zpool', 'list', '-H', '-o', 'name', name]
}

/** Without `directory`, looks among the disks. */
export function renderZpoolImport(name: string, directory: string | null): Argv {
  return ['zpool', 'import', ...(directory === null ? [] : ['-d', directory]), name]
}

export function renderZpoolCreate(name: string, mountpoint: string, file: string): Argv {
  return [
    'zpool',
    'create',
    '-o',
    'ashift=12',
    '-O',
    'atime=off',
    '-O',
    'xattr=sa',
    '-O',
    'acltype=posixacl',
    '-O',
    'devices=off',
    '-O',
    `mountpoint=${mountpoint}`,
    name,
    file,
  ]
}

export function renderZpoolExport(name: string): Argv {
  return ['zpool', 'export', name]
}

export function renderZpoolExpand(name: string, file: string): Argv {
  return ['zpool', 'online', '-e', name, file]
}
