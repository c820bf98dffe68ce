import { join } from 'node:path'
import { depthOf } from '../pool/name.ts'
import type { SnapshotName } from '../storage.ts'
import type { GroupId } from './argv.ts'

/**
 * Where things lie on a btrfs pool. The dataset `U` is the subvolume `<pool>/U`. What belongs to it lies outside of it,
 * so that a rollback can put another subvolume in its place, in a plain directory `.spirula/datasets/U`:
 *
 *   .group.4711         empty directory: number of its quota group; the level is 16 − depth
 *   .origin             symbolic link whose text is `IMAGE@final`, of a clone
 *   .note.json          options that btrfs has no word for
 *   .snapshots/N/N      read-only subvolume of the snapshot N (named so, because a send stream carries the last name)
 *   .holds/N/TAG        empty directory
 *   .rollback/new,old   only while a rollback is under way
 *   .snapshots/.receiving   only while a receive is under way
 *   data/               the same for the dataset U/data, with its subvolume in data/.fs
 *
 * The directory's birth time is the dataset's, as that of `.snapshots/N` is the snapshot's. All is names, not contents:
 * btrfs commits names in order, so a power cut needs no fsync here.
 */
export interface Layout {
  mountpoint: string
}

export function ownDirectory(layout: Layout): string {
  return join(layout.mountpoint, '.spirula')
}

export function datasetsDirectory(layout: Layout): string {
  return join(ownDirectory(layout), 'datasets')
}

/** Names of half-done renames. */
export function intentsDirectory(layout: Layout): string {
  return join(ownDirectory(layout), 'intents')
}

/** The plain directory of a dataset. */
export function directoryOf(layout: Layout, dataset: string): string {
  return join(datasetsDirectory(layout), dataset)
}

/** The subvolume of a dataset. */
export function pathOf(layout: Layout, dataset: string): string {
  return depthOf(dataset) === 1 ? join(layout.mountpoint, dataset) : join(directoryOf(layout, dataset), '.fs')
}

export function snapshotsDirectory(layout: Layout, dataset: string): string {
  return join(directoryOf(layout, dataset), '.snapshots')
}

export function snapshotDirectory(layout: Layout, name: SnapshotName): string {
  return join(snapshotsDirectory(layout, name.dataset), name.snapshot)
}

/** The read-only subvolume of a snapshot. */
export function snapshotPath(layout: Layout, name: SnapshotName): string {
  return join(snapshotDirectory(layout, name), name.snapshot)
}

export function receivingDirectory(layout: Layout, dataset: string): string {
  return join(snapshotsDirectory(layout, dataset), '.receiving')
}

export function rollbackDirectory(layout: Layout, dataset: string): string {
  return join(directoryOf(layout, dataset), '.rollback')
}

export function holdsDirectory(layout: Layout, name: SnapshotName): string {
  return join(directoryOf(layout, name.dataset), '.holds', name.snapshot)
}

/** A group must be of a higher level than its members: datasets above have the higher one. */
export function groupOf(dataset: string, number: number): GroupId {
  return { level: 16 - depthOf(dataset), number }
}
