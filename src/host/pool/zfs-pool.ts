import { access, mkdir, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import type { Context } from '../context.ts'
import { programs } from '../run/programs.ts'
import type { Storage } from '../storage.ts'
import { parseTop } from '../zfs/parse.ts'
import { failureText } from '../zfs/failures.ts'
import { insist, says } from '../zfs/insist.ts'
import type { ZfsRunner } from '../zfs/runner.ts'
import { createZfsStorage } from '../zfs/zfs.ts'
import { renderListTop, renderMountAll } from '../zfs/argv.ts'
import { renderModprobe, renderZpoolCreate, renderZpoolExpand, renderZpoolExport, renderZpoolImport, renderZpoolList } from './argv.ts'
import { createSparse, refuseShrinking } from './btrfs-pool.ts'
import { ensureMarker } from './marker.ts'
import { readMountAt } from './mounts.ts'
import type { PoolOptions } from './open.ts'

export function zfsFile(options: Pick<PoolOptions, 'backing_dir' | 'name'>): string {
  return join(options.backing_dir, `${options.name}.zfs`)
}

/** The module is there or can be loaded, and so are its programs. */
export async function hasZfs(runner: ZfsRunner, context: Context): Promise<boolean> {
  const has = async (path: string): Promise<boolean> =>
    await access(path).then(
      () => true,
      () => false,
    )
  if (!(await has(programs.zpool)) || !(await has(programs.zfs))) return false
  return (await has('/sys/module/zfs')) || (await runner.run(renderModprobe('zfs'), [0, 1], context)).exitCode === 0
}

/** True when the pool is there, or could be imported: from our file or from the disks. */
export async function findZfsPool(options: PoolOptions, runner: ZfsRunner, context: Context): Promise<boolean> {
  if ((await runner.run(renderZpoolList(options.name), [0, 1], context)).exitCode === 0) return true
  for (const directory of [options.backing_dir, null]) {
    const { exitCode, stderr } = await runner.run(renderZpoolImport(options.name, directory), [0, 1], context)
    if (exitCode === 0) return true
    if (!/no such pool/.test(stderr)) throw notImportable(options.name, stderr)
  }
  return false
}

/** It is there, so no fresh one must take its name. */
function notImportable(name: string, stderr: string): AppError {
  return new AppError('PoolUnavailable', `ZFS sees the pool ${name}, but it cannot be imported.`, {
    hint: `zpool import, which says why; zpool import -f ${name} if no other machine uses it`,
    internal: stderr,
  })
}

/** On a sparse file; never on disks. */
export async function createZfsPool(options: PoolOptions, runner: ZfsRunner, context: Context): Promise<void> {
  const file = zfsFile(options)
  if (
    await access(file).then(
      () => true,
      () => false,
    )
  ) {
    throw new AppError('PoolUnavailable', `The file ${file} is there, but ZFS finds no pool ${options.name} on it; it was left as it is.`, {
      hint: `zpool import -d ${options.backing_dir}`,
    })
  }
  await mkdir(options.backing_dir, { recursive: true, mode: 0o700 })
  await createSparse(file, options.size_bytes)
  try {
    await runner.run(renderZpoolCreate(options.name, options.mountpoint, file), [0], context)
  } catch (error) {
    await rm(file, { force: true })
    if (!/exists and is not empty/.test(failureText(error) ?? '')) throw error
    throw new AppError('PoolUnavailable', `The directory ${options.mountpoint} is not empty, so no pool is made there.`, {
      hint: 'move its files away, or choose another mountpoint',
      cause: error,
    })
  }
}

/** An adopted pool keeps the mountpoint it has. What is not mounted of it (an export that was refused half-way leaves it so) is. */
export async function openZfsPool(options: PoolOptions, runner: ZfsRunner, context: Context): Promise<Storage> {
  const { mountpoint, unmounted } = parseTop((await runner.run(renderListTop(options.name), [0], context)).stdout, options.name)
  if (!mountpoint.startsWith('/')) {
    throw new AppError('PoolUnavailable', `The ZFS pool ${options.name} is mounted nowhere: its mountpoint is "${mountpoint}".`, {
      hint: `zfs set mountpoint=${options.mountpoint} ${options.name}`,
    })
  }
  if (unmounted.length > 0) await runner.run(renderMountAll(options.name), [0, 1], context)
  await requireMounted(options.name, mountpoint)
  await ensureMarker(mountpoint, options.name, context)
  return createZfsStorage({ pool: options.name, mountpoint, runner })
}

/** Else the marker, and all that follows, would be written into the directory below. */
async function requireMounted(name: string, mountpoint: string): Promise<void> {
  const mount = await readMountAt(mountpoint)
  if (mount?.type === 'zfs' && mount.source === name) return
  throw new AppError('PoolUnavailable', `The ZFS pool ${name} is imported, but not mounted at ${mountpoint}.`, { hint: `zfs mount ${name}` })
}

export async function closeZfsPool(name: string, runner: ZfsRunner, context: Context): Promise<void> {
  try {
    await insist(() => runner.run(renderZpoolExport(name), [0], context), context)
  } catch (error) {
    // Not the words of an unmounting that failed: then it stays imported.
    if (says(error, /^cannot open .*: no such pool/m)) return
    if (!says(error, /busy/)) throw error
    throw new AppError('Busy', `The pool ${name} is in use and stays imported.`, { cause: error, hint: 'stop the machines first' })
  }
}

export async function growZfsPool(options: PoolOptions, runner: ZfsRunner, context: Context): Promise<void> {
  await refuseShrinking(zfsFile(options), options)
  await truncate(zfsFile(options), options.size_bytes)
  await runner.run(renderZpoolExpand(options.name, zfsFile(options)), [0], context)
}
