import { mkdir, open, readdir, rename, rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import { createBtrfsStorage, prepareBtrfs } from '../btrfs/btrfs.ts'
import { renderResizeMax } from '../btrfs/argv.ts'
import type { Context } from '../context.ts'
import { run } from '../run/run.ts'
import type { Storage } from '../storage.ts'
import { renderGrowMetadata, renderLoopResize, renderMakeBtrfs, renderMountLoop, renderUmount } from './argv.ts'
import { ensureMarker } from './marker.ts'
import { readMountAt } from './mounts.ts'
import type { PoolOptions } from './open.ts'

// The superblock begins at 64 KiB; the magic is 64 bytes into it (btrfs on-disk format).
const magicAt = 0x1_00_40
const magic = '_BHRfS_M'
const smallest = 256 * 2 ** 20

export function btrfsFile(options: Pick<PoolOptions, 'backing_dir' | 'name'>): string {
  return join(options.backing_dir, `${options.name}.btrfs`)
}

/** Opens the pool on its mount, else on its file, else makes both. Already mounted and healthy: no process is started. */
export async function openBtrfsPool(options: PoolOptions, context: Context): Promise<{ storage: Storage; created: boolean }> {
  if (await isMounted(options.mountpoint)) return { storage: await readyPool(options, context), created: false }
  const created = await mountPool(options, context)
  try {
    return { storage: await readyPool(options, context), created }
  } catch (error) {
    await closeBtrfsPool(options.mountpoint, { ...context, signal: new AbortController().signal })
    throw error
  }
}

async function readyPool(options: PoolOptions, context: Context): Promise<Storage> {
  const helper = `/${join(options.native_dir, 'btrfs-steps').slice(1)}` as const
  const pool = { pool: options.name, mountpoint: options.mountpoint, helper }
  // Before anything else is written: the pool may be another's.
  await ensureMarker(options.mountpoint, options.name, context)
  await prepareBtrfs(pool, context)
  return createBtrfsStorage(pool)
}

async function isMounted(mountpoint: string): Promise<boolean> {
  const mount = await readMountAt(mountpoint)
  if (mount === null) return false
  if (mount.type === 'btrfs' && mount.root === '/') return true
  throw new AppError('PoolUnavailable', `At ${mountpoint} is mounted ${mount.source} (${mount.type}), which is no whole btrfs.`, {
    hint: `umount ${mountpoint}, or choose another mountpoint`,
  })
}

async function mountPool(options: PoolOptions, context: Context): Promise<boolean> {
  const file = btrfsFile(options)
  await mkdir(options.mountpoint, { recursive: true, mode: 0o700 })
  if ((await readdir(options.mountpoint)).length > 0) {
    throw new AppError('PoolUnavailable', `The directory ${options.mountpoint} is not empty, so no pool is mounted on it.`, {
      hint: 'move its files away, or choose another mountpoint',
    })
  }
  const kind = await readFileKind(file)
  if (kind === 'foreign') {
    throw new AppError('PoolUnavailable', `The file ${file} is not a btrfs file system; it was left as it is.`, {
      hint: `move ${file} away to have a new pool made`,
    })
  }
  if (kind === 'absent') await createFile(file, options, context)
  await run(renderMountLoop(file, options.mountpoint), {}, context)
  if (kind === 'absent') await run(renderGrowMetadata(options.mountpoint), {}, context)
  return kind === 'absent'
}

/** What a backing file is, by the file system's magic. */
export async function readFileKind(path: string): Promise<'absent' | 'btrfs' | 'foreign'> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (file === null) return 'absent'
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(magic.length), 0, magic.length, magicAt)
    return buffer.toString('latin1', 0, bytesRead) === magic ? 'btrfs' : 'foreign'
  } finally {
    await file.close()
  }
}

/** Made under another name first: a kill in between must not leave a file that looks like somebody's data. */
async function createFile(path: string, options: PoolOptions, context: Context): Promise<void> {
  if (options.size_bytes < smallest) throw new AppError('InvalidPayload', `A pool of ${options.size_bytes} bytes is too small; ${smallest} is the least.`)
  const fresh = `${path}.new`
  await mkdir(options.backing_dir, { recursive: true, mode: 0o700 })
  await createSparse(fresh, options.size_bytes)
  try {
    await run(renderMakeBtrfs(options.name, fresh), {}, context)
    await rename(fresh, path)
  } catch (error) {
    await rm(fresh, { force: true })
    throw error
  }
}

export async function createSparse(path: string, size: number): Promise<void> {
  await rm(path, { force: true })
  const file = await open(path, 'wx', 0o600)
  try {
    await file.truncate(size)
  } finally {
    await file.close()
  }
}

export async function closeBtrfsPool(mountpoint: string, context: Context): Promise<void> {
  if ((await readMountAt(mountpoint)) === null) return
  const { exitCode, stderr } = await run(renderUmount(mountpoint), { okCodes: [0, 32] }, context)
  if (exitCode !== 0)
    throw new AppError('Busy', `The pool at ${mountpoint} is in use and stays mounted.`, { internal: stderr, hint: 'stop the machines first' })
}

export async function growBtrfsPool(options: PoolOptions, context: Context): Promise<void> {
  const file = btrfsFile(options)
  const mount = await readMountAt(options.mountpoint)
  if (mount === null) throw new AppError('PoolUnavailable', `The pool ${options.name} is not mounted at ${options.mountpoint}.`)
  await refuseShrinking(file, options)
  await truncate(file, options.size_bytes)
  await run(renderLoopResize(mount.source), {}, context)
  await run(renderResizeMax(options.mountpoint), {}, context)
}

export async function refuseShrinking(file: string, options: PoolOptions): Promise<void> {
  const status = await stat(file).catch(() => null)
  if (status === null) throw new AppError('PoolUnavailable', `The pool ${options.name} is not on a file of ${options.backing_dir}, so it cannot be grown here.`)
  if (status.size > options.size_bytes)
    throw new AppError('NotSupported', `The pool ${options.name} has ${status.size} bytes and cannot shrink to ${options.size_bytes}.`)
}
