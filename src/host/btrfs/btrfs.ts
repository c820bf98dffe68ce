import { mkdir, statfs } from 'node:fs/promises'
import type { Context } from '../context.ts'
import { checkDatasetName } from '../pool/name.ts'
import type { PoolUsage, Storage } from '../storage.ts'
import { cloneDataset, createDataset, destroyDataset, isDataset, listDatasets, readDataset, setOptions, setQuota } from './datasets.ts'
import { sweepEvery } from './groups.ts'
import { datasetsDirectory, intentsDirectory, pathOf } from './layout.ts'
import { type BtrfsPool, ensureQuota } from './pool.ts'
import { recoverPool } from './recover.ts'
import { renameDataset } from './rename.ts'
import { createSnapshot, destroySnapshot, holdSnapshot, listAllSnapshots, listHolds, listSnapshots, releaseSnapshot, rollbackDataset } from './snapshots.ts'
import { receiveDataset, sendSnapshot } from './stream.ts'
import type { QuotaMode } from './sysfs.ts'

export interface BtrfsOptions {
  /** Name of the pool. */
  pool: string
  /** Where its top subvolume is mounted. */
  mountpoint: string
  /** Path of the built native/btrfs-steps.c. */
  helper: `/${string}`
}

/**
 * The store on a mounted btrfs file system that `prepareBtrfs` has made ready. Differences from ZFS that show:
 * a snapshot may be destroyed while clones live; a dataset keeps its depth when renamed; with simple quotas data is
 * billed to the dataset that wrote it, as long as anyone uses it; used_bytes follow within the kernel's commit (30 s).
 */
export function createBtrfsStorage(options: BtrfsOptions): Storage {
  const pool = asPool(options)
  return {
    kind: 'btrfs',
    pool: options.pool,
    mountpoint: options.mountpoint,
    readUsage: () => readUsage(options.mountpoint),
    mountpointOf: (dataset) => (checkDatasetName(dataset), pathOf(pool, dataset)),
    exists: (dataset) => isDataset(pool, dataset),
    read: (dataset) => readDataset(pool, dataset),
    list: (context) => listDatasets(pool, context),
    create: (dataset, wanted, context) => createDataset(pool, dataset, wanted, context),
    clone: (origin, dataset, wanted, context) => cloneDataset(pool, origin, { dataset, options: wanted }, context),
    destroy: (dataset, context) => destroyDataset(pool, dataset, context),
    rename: (from, to, context) => renameDataset(pool, from, to, context),
    setQuota: (dataset, bytes, context) => setQuota(pool, dataset, bytes, context),
    setOptions: (dataset, wanted, context) => setOptions(pool, dataset, wanted, context),
    snapshot: (name, context) => createSnapshot(pool, name, context),
    listSnapshots: (dataset, context) => listSnapshots(pool, dataset, context),
    listAllSnapshots: (context) => listAllSnapshots(pool, context),
    rollback: (name, context) => rollbackDataset(pool, name, context),
    destroySnapshot: (name, context) => destroySnapshot(pool, name, context),
    hold: (name, tag) => holdSnapshot(pool, name, tag),
    release: (name, tag) => releaseSnapshot(pool, name, tag),
    listHolds: (name) => listHolds(pool, name),
    send: (name, from, context) => sendSnapshot(pool, name, from, context),
    receive: (dataset, input, context) => receiveDataset(pool, dataset, input, context),
  }
}

/**
 * Makes a freshly mounted pool ready: our directories, quotas, and an end to what a killed daemon left half-done.
 * Safe to repeat. Gives the kind of quotas in force.
 */
export async function prepareBtrfs(options: BtrfsOptions & { mode?: 'simple' | 'classic' }, context: Context): Promise<QuotaMode> {
  const pool = asPool(options)
  for (const directory of [datasetsDirectory(pool), intentsDirectory(pool)]) await mkdir(directory, { recursive: true, mode: 0o700 })
  const mode = await ensureQuota(pool, options, context)
  await recoverPool(pool, context)
  return mode
}

/** The first destroy sweeps: the daemon before may have left quota groups. */
function asPool(options: BtrfsOptions): BtrfsPool {
  return { name: options.pool, mountpoint: options.mountpoint, helper: options.helper, facts: null, doomedGroups: sweepEvery }
}

async function readUsage(mountpoint: string): Promise<PoolUsage> {
  const { bsize, blocks, bfree, bavail } = await statfs(mountpoint)
  return { size_bytes: blocks * bsize, used_bytes: (blocks - bfree) * bsize, available_bytes: bavail * bsize }
}
