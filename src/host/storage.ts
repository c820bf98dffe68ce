import type { Readable } from 'node:stream'
import type { Context } from './context.ts'

/**
 * The store of a node: one pool, seen as ZFS datasets whatever lies below. Two drivers (btrfs, zfs) and
 * a fake keep this interface and pass the same suite, `storage.suite.ts`.
 *
 * A dataset is named below the pool, without the pool's name: `U`, `U/data`, `U/volumes/V`, `config`.
 * The topmost dataset must be there before one below it is made; those in between are made with it.
 * A snapshot is named without the `@`. All `destroy…` functions succeed when the thing is gone already;
 * `create`, `clone`, `snapshot`, `receive` refuse an existing name (DatasetExists, SnapshotExists) and
 * leave nothing behind when they fail. A full pool or quota is NoSpace.
 */
export interface Storage {
  readonly kind: 'btrfs' | 'zfs' | 'fake'
  /** Name of the pool, `zones` by default. */
  readonly pool: string
  /** Where the pool is mounted, `/zones` by default. */
  readonly mountpoint: string

  /** Bytes of the whole pool. */
  readUsage(context: Context): Promise<PoolUsage>
  /** Absolute path of a dataset's files, whether or not it exists. */
  mountpointOf(dataset: string): string
  exists(dataset: string, context: Context): Promise<boolean>
  /** null when there is none. */
  read(dataset: string, context: Context): Promise<Dataset | null>
  /** All datasets of the pool in one pass (one process, not one a dataset). */
  list(context: Context): Promise<Dataset[]>

  create(dataset: string, options: DatasetOptions, context: Context): Promise<void>
  /** A writable copy-on-write copy of a snapshot; copies no data. */
  clone(origin: SnapshotName, dataset: string, options: DatasetOptions, context: Context): Promise<void>
  /** Destroys its snapshots and the datasets below it too. Refuses (Busy) while clones depend on it where the file system does. */
  destroy(dataset: string, context: Context): Promise<void>
  /** Moves a dataset with its snapshots and the datasets below it. */
  rename(from: string, to: string, context: Context): Promise<void>
  /** Bytes that the dataset, its snapshots and the datasets below may take of the pool; null lifts the limit. Effective at once. */
  setQuota(dataset: string, bytes: number | null, context: Context): Promise<void>
  setOptions(dataset: string, options: Omit<DatasetOptions, 'quota_bytes'>, context: Context): Promise<void>

  snapshot(name: SnapshotName, context: Context): Promise<void>
  /** Newest first. */
  listSnapshots(dataset: string, context: Context): Promise<DatasetSnapshot[]>
  /** Snapshots of every dataset, newest first, in one pass. Datasets without any may be absent. */
  listAllSnapshots(context: Context): Promise<Map<string, DatasetSnapshot[]>>
  /** Back to the snapshot; newer snapshots are destroyed (zfs rollback -r). The quota stays. */
  rollback(name: SnapshotName, context: Context): Promise<void>
  destroySnapshot(name: SnapshotName, context: Context): Promise<void>
  /** While held, neither the snapshot nor its dataset can be destroyed through this interface (Indestructible). */
  hold(name: SnapshotName, tag: string, context: Context): Promise<void>
  release(name: SnapshotName, tag: string, context: Context): Promise<void>
  /** Tags of the holds on a snapshot. */
  listHolds(name: SnapshotName, context: Context): Promise<string[]>

  /** A stream of the snapshot in the driver's own format; errors come through the stream. `from` makes it incremental. */
  send(name: SnapshotName, from: string | null, context: Context): Readable
  /** Makes `dataset` with the sent snapshot from such a stream. */
  receive(dataset: string, input: Readable, context: Context): Promise<void>
}

export interface SnapshotName {
  dataset: string
  snapshot: string
}

/** A driver that has no such thing (recordsize on btrfs) takes the value and keeps it as a note. */
export interface DatasetOptions {
  quota_bytes?: number | null
  compression?: string
  recordsize?: number
  /** Bytes of the pool that are kept for the dataset, so that it can be written to when all others have filled the pool. ZFS only; set at its making. */
  reserved_bytes?: number
}

export interface Dataset {
  name: string
  mountpoint: string
  origin: SnapshotName | null
  used_bytes: number
  quota_bytes: number | null
  /** ISO 8601. */
  created_at: string
}

export interface DatasetSnapshot {
  name: string
  created_at: string
  used_bytes: number
}

export interface PoolUsage {
  size_bytes: number
  used_bytes: number
  available_bytes: number
}
