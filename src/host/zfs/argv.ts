import type { Argv } from '../run/programs.ts'
import type { DatasetOptions } from '../storage.ts'

/** Full names (`zones/U`, `zones/U@s`) everywhere in this file. Source: zfs(8) of OpenZFS 2.3. */

const json = ['-j', '--json-int', '-p'] as const
const datasetProperties = 'mountpoint,origin,used,quota,creation'
const snapshotProperties = 'used,creation,createtxg,userrefs,clones'

/** `-d 0`: the one; -r: with all below. */
export function renderListDatasets(name: string, options: { recursive: boolean }): Argv {
  return ['zfs', 'list', ...json, ...(options.recursive ? ['-r'] : []), '-t', 'filesystem', '-o', datasetProperties, name]
}

/** Snapshots of one dataset (`own`) or also of those below. */
export function renderListSnapshots(name: string, options: { own: boolean }): Argv {
  return ['zfs', 'list', ...json, ...(options.own ? ['-d', '1'] : ['-r']), '-t', 'snapshot', '-o', snapshotProperties, name]
}

/** Which of a pool's datasets should be mounted, and which are. */
export function renderListTop(pool: string): Argv {
  return ['zfs', 'list', ...json, '-r', '-t', 'filesystem', '-o', 'mountpoint,mounted,canmount', pool]
}

/** With all below it; those that are mounted already are left alone (2.3). */
export function renderMountAll(name: string): Argv {
  return ['zfs', 'mount', '-R', name]
}

export function renderPoolUsage(pool: string): Argv {
  return ['zfs', 'list', ...json, '-o', 'used,available', pool]
}

export function renderProperties(options: DatasetOptions): string[] {
  const properties: string[] = []
  if (options.quota_bytes !== undefined) properties.push(`quota=${options.quota_bytes ?? 'none'}`)
  if (options.compression !== undefined) properties.push(`compression=${options.compression}`)
  if (options.recordsize !== undefined) properties.push(`recordsize=${options.recordsize}`)
  if (options.reserved_bytes !== undefined) properties.push(`reservation=${options.reserved_bytes}`)
  return properties
}

function each(properties: readonly string[]): string[] {
  return properties.flatMap((property) => ['-o', property])
}

export function renderCreate(name: string, properties: readonly string[]): Argv {
  return ['zfs', 'create', ...each(properties), name]
}

export function renderClone(origin: string, name: string, properties: readonly string[]): Argv {
  return ['zfs', 'clone', ...each(properties), origin, name]
}

export function renderDestroy(name: string, options: { recursive: boolean }): Argv {
  return ['zfs', 'destroy', ...(options.recursive ? ['-r'] : []), name]
}

export function renderRename(from: string, to: string): Argv {
  return ['zfs', 'rename', from, to]
}

export function renderSet(name: string, properties: readonly string[]): Argv {
  return ['zfs', 'set', ...properties, name]
}

export function renderSnapshot(name: string): Argv {
  return ['zfs', 'snapshot', name]
}

/** `newer`: the newer snapshots are destroyed; else they stop it. */
export function renderRollback(name: string, options: { newer: boolean }): Argv {
  return ['zfs', 'rollback', ...(options.newer ? ['-r'] : []), name]
}

export function renderHold(name: string, tag: string): Argv {
  return ['zfs', 'hold', tag, name]
}

export function renderRelease(name: string, tag: string): Argv {
  return ['zfs', 'release', tag, name]
}

export function renderHolds(name: string): Argv {
  return ['zfs', 'holds', '-H', name]
}

/** `from` without the `@`. */
export function renderSend(name: string, from: string | null): Argv {
  return ['zfs', 'send', ...(from === null ? [] : ['-i', `@${from}`]), name]
}

/** `-u`: not mounted, so that what a stream says of mounting is not done. */
export function renderReceive(name: string): Argv {
  return ['zfs', 'receive', '-u', '-x', 'mountpoint', name]
}

export function renderMount(name: string): Argv {
  return ['zfs', 'mount', name]
}
