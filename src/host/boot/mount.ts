import { readFile, rmdir } from 'node:fs/promises'
import { AppError } from '#contracts/errors.ts'
import type { Context } from '../context.ts'
import { ensureDirectory } from '../fs/atomic.ts'
import { removeEmptyDirectory } from '../fs/kernel.ts'
import { parseMountInfo } from '../pool/mounts.ts'
import { run } from '../run/run.ts'
import { type MountPlace, renderCheckFat, renderMount, renderUnmount } from './argv.ts'

const mountsDirectory = '/run/spirula/esp'

let serial = 0

/**
 * Mounts a boot file system while `work` runs, at a place of its own. The unmounting writes everything out; when it fails, so does
 * this. A file system that is to be written is checked first, as the last writer may have been killed.
 */
export async function withMounted<T>(place: MountPlace, context: Context, work: (root: string) => Promise<T>): Promise<T> {
  serial += 1
  const root = `${mountsDirectory}/${process.pid}-${serial}`
  // 1: it repaired something.
  if (place.write && place.type === 'vfat') await run(renderCheckFat(place.source), { okCodes: [0, 1], timeoutMs: 300_000 }, context)
  await ensureDirectory(root, 0o700)
  try {
    await run(renderMount(place, root), {}, context)
  } catch (cause) {
    await removeEmptyDirectory(root)
    throw new AppError('CommandFailed', `The boot file system ${place.source} could not be mounted.`, { cause })
  }
  try {
    return await work(root)
  } finally {
    // Also when the work was cancelled.
    await run(renderUnmount(root), { timeoutMs: 300_000 }, { ...context, signal: new AbortController().signal })
    await rmdir(root)
  }
}

/** Unmounts what killed programs left mounted. Only to be called while the lock is held, by a program that has mounted nothing itself. */
export async function removeStaleMounts(context: Context): Promise<void> {
  const mounts = parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8')).filter((mount) => mount.mountpoint.startsWith(`${mountsDirectory}/`))
  for (const { mountpoint } of mounts.toReversed()) {
    await run(renderUnmount(mountpoint), {}, context)
    await removeEmptyDirectory(mountpoint)
  }
}
