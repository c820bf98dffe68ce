import type { Argv } from '../run/programs.ts'

/** A quota group: level and number, as in `15/4711`. */
export interface GroupId {
  level: number
  number: number
}

export function renderGroup(group: GroupId): string {
  return `${group.level}/${group.number}`
}

function inherit(group: GroupId | null): string[] {
  return group === null ? [] : ['-i', renderGroup(group)]
}

export function renderSubvolumeCreate(path: string, group: GroupId | null): Argv {
  return ['btrfs', 'subvolume', 'create', ...inherit(group), '--', path]
}

export function renderSubvolumeSnapshot(from: string, to: string, options: { group: GroupId | null; readonly: boolean }): Argv {
  return ['btrfs', 'subvolume', 'snapshot', ...(options.readonly ? ['-r'] : []), ...inherit(options.group), '--', from, to]
}

export function renderSubvolumeDelete(paths: readonly string[]): Argv {
  return ['btrfs', 'subvolume', 'delete', '--', ...paths]
}

/** Deletes by id, so that no name inside a guest's tree is walked. */
export function renderSubvolumeDeleteById(id: number, mountpoint: string): Argv {
  return ['btrfs', 'subvolume', 'delete', '--subvolid', String(id), mountpoint]
}

export function renderSubvolumeList(mountpoint: string): Argv {
  return ['btrfs', 'subvolume', 'list', mountpoint]
}

export function renderSubvolumeShow(path: string): Argv {
  return ['btrfs', 'subvolume', 'show', '--', path]
}

export function renderGroupCreate(group: GroupId, mountpoint: string): Argv {
  return ['btrfs', 'qgroup', 'create', renderGroup(group), mountpoint]
}

export function renderGroupDestroy(group: GroupId, mountpoint: string): Argv {
  return ['btrfs', 'qgroup', 'destroy', renderGroup(group), mountpoint]
}

/** Limits the bytes that only members of the group use; with simple quotas these are the bytes they wrote. */
export function renderGroupLimit(group: GroupId, bytes: number | null, mountpoint: string): Argv {
  return ['btrfs', 'qgroup', 'limit', '-e', bytes === null ? 'none' : String(bytes), renderGroup(group), mountpoint]
}

export function renderGroupAssign(member: GroupId, parent: GroupId, mountpoint: string): Argv {
  return ['btrfs', 'qgroup', 'assign', '--no-rescan', renderGroup(member), renderGroup(parent), mountpoint]
}

export function renderGroupUnassign(member: GroupId, parent: GroupId, mountpoint: string): Argv {
  return ['btrfs', 'qgroup', 'remove', '--no-rescan', renderGroup(member), renderGroup(parent), mountpoint]
}

export function renderGroupShow(mountpoint: string): Argv {
  return ['btrfs', 'qgroup', 'show', '--raw', '-pcre', mountpoint]
}

export function renderGroupClearStale(mountpoint: string): Argv {
  return ['btrfs', 'qgroup', 'clear-stale', mountpoint]
}

export function renderRescan(mountpoint: string): Argv {
  return ['btrfs', 'quota', 'rescan', '-w', mountpoint]
}

export function renderQuotaEnable(mountpoint: string): Argv {
  return ['btrfs', 'quota', 'enable', mountpoint]
}

export function renderCompression(path: string, algorithm: string): Argv {
  return ['btrfs', 'property', 'set', '-t', 'inode', path, 'compression', algorithm]
}

export function renderSend(path: string, from: string | null): Argv {
  return ['btrfs', 'send', '-q', ...(from === null ? [] : ['-p', from]), '--', path]
}

/** `-e`: ends at the stream's own end, `-C`: confined to the directory, as the stream may come from a stranger. */
export function renderReceive(directory: string): Argv {
  return ['btrfs', 'receive', '-q', '-e', '-C', directory]
}

/** Commits, and wakes the kernel's cleaner, which frees what deleted subvolumes took. */
export function renderFilesystemSync(mountpoint: string): Argv {
  return ['btrfs', 'filesystem', 'sync', mountpoint]
}

export function renderResizeMax(mountpoint: string): Argv {
  return ['btrfs', 'filesystem', 'resize', 'max', mountpoint]
}

/** SmartOS's word for compression → btrfs's; the strengths of gzip and the old algorithms have no match and take the nearest. */
export function renderCompressionName(value: string): string {
  if (value === 'off') return 'none'
  if (value.startsWith('gzip')) return 'zlib'
  return value === 'lzjb' || value === 'zle' ? 'lzo' : 'zstd'
}
