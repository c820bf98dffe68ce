import type { Argv } from '../run/programs.ts'

/** A quota group: level and number, as in `15/4711`. */
export interface GroupId {
  level: number
  number: number
}

export function renderGroup(group: GroupId): string {
  return `${group.level}/${group.number}`
}

export function renderSubvolumeList(mountpoint: string): Argv {
  return ['btrfs', 'subvolume', 'list', mountpoint]
}

export function renderSubvolumeShow(path: string): Argv {
  return ['btrfs', 'subvolume', 'show', '--', path]
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

export function renderSend(path: string, from: string | null): Argv {
  return ['btrfs', 'send', '-q', ...(from === null ? [] : ['-p', from]), '--', path]
}

/** `-e`: ends at the stream's own end, `-C`: confined to the directory, as the stream may come from a stranger. */
export function renderReceive(directory: string): Argv {
  return ['btrfs', 'receive', '-q', '-e', '-C', directory]
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
