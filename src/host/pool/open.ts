import { AppError } from '#contracts/errors.ts'
import type { Context } from '../context.ts'
import type { Storage } from '../storage.ts'
import { systemRunner, type ZfsRunner } from '../zfs/runner.ts'
import { btrfsFile, closeBtrfsPool, growBtrfsPool, openBtrfsPool, readFileKind } from './btrfs-pool.ts'
import { readMountAt } from './mounts.ts'
import { closeZfsPool, createZfsPool, findZfsPool, growZfsPool, hasZfs, openZfsPool } from './zfs-pool.ts'

export interface PoolOptions {
  /** `zones`. */
  name: string
  /** `/zones`. */
  mountpoint: string
  /** Where the sparse file of a pool of our own lies, `/var/lib/spirula`. */
  backing_dir: string
  /** Of a file that is made; an existing pool keeps its size. */
  size_bytes: number
  /** Unless told: what is there, else ZFS where the kernel has it, else btrfs. */
  kind?: 'zfs' | 'btrfs'
  /** Directory of the built native programs, of which a btrfs pool needs `btrfs-steps`. */
  native_dir: string
}

export interface OpenedPool {
  storage: Storage
  /** False: the pool was there and has been adopted. */
  created: boolean
}

/**
 * Makes the pool usable: finds it, or makes one, and ends what a killed daemon left half-done. Safe to repeat and quick
 * when it is open. An existing pool is never formatted; what is in the way is PoolUnavailable and stays untouched.
 */
export async function openPool(options: PoolOptions, context: Context, runner: ZfsRunner = systemRunner): Promise<OpenedPool> {
  const mounted = (await readMountAt(options.mountpoint))?.type
  if (options.kind === 'btrfs' || mounted === 'btrfs') return await openBtrfsPool(options, context)
  const zfs = await hasZfs(runner, context)
  if (!zfs && options.kind === 'zfs')
    throw new AppError('PoolUnavailable', 'This kernel has no ZFS, and its module cannot be loaded.', { hint: 'use a btrfs pool' })
  if (zfs && (await findZfsPool(options, runner, context))) return { storage: await openZfsPool(options, runner, context), created: false }
  // A pool made before ZFS came to this machine stays the pool.
  if (!zfs || (options.kind === undefined && (await readFileKind(btrfsFile(options))) === 'btrfs')) return await openBtrfsPool(options, context)
  await createZfsPool(options, runner, context)
  return { storage: await openZfsPool(options, runner, context), created: true }
}

/** Unmounts or exports the pool; its loop device goes with it. Not open is fine; Busy when in use. */
export async function closePool(storage: Pick<Storage, 'kind' | 'pool' | 'mountpoint'>, context: Context, runner: ZfsRunner = systemRunner): Promise<void> {
  if (storage.kind === 'zfs') await closeZfsPool(storage.pool, runner, context)
  else await closeBtrfsPool(storage.mountpoint, context)
}

/** Grows a pool on a file of ours to `size_bytes`, while in use. NotSupported when that is less than it has. */
export async function growPool(kind: Storage['kind'], options: PoolOptions, context: Context, runner: ZfsRunner = systemRunner): Promise<void> {
  if (kind === 'zfs') await growZfsPool(options, runner, context)
  else await growBtrfsPool(options, context)
}
