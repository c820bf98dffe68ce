import { statSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import { platformDirectory, platformFiles } from '#contracts/platform/names.ts'
import { readImages, readManifestStamp, verifyImage } from '#host/boot/images.ts'
import { ensureDirectory, listDirectory, readTextFile, removeTree } from '#host/fs/atomic.ts'
import { copyWhole } from '#host/fs/blocks.ts'
import { renameDurably } from '#host/fs/rename.ts'
import { parseSha256Sums } from '#lib/sha256sums.ts'
import type { BootHost } from './boot-host.ts'
import type { Reporter } from './reporter.ts'

const incoming = '.incoming-'

/** The directory of images on the pool, without what killed installs left there. PoolUnavailable without one. Under the lock. */
export async function openStore(host: BootHost): Promise<string> {
  const { store } = host
  if (store === null) {
    throw new AppError('PoolUnavailable', 'This node has no pool to keep platform images on.', {
      hint: 'piadm usb SOURCE DEVICE upgrades a USB medium; a pool is made at the first boot',
    })
  }
  for (const name of await listDirectory(store)) if (name.startsWith(incoming)) await removeTree(join(store, name))
  return store
}

/** An empty directory on the pool for an image that comes; removed by the next `openStore` when it stays. */
export async function createIncoming(store: string): Promise<string> {
  const directory = join(store, `${incoming}${process.pid}`)
  await ensureDirectory(directory, 0o700)
  return directory
}

export interface StoreOptions {
  /** It lies on the pool already, so that it can be moved. */
  ready: boolean
  reporter: Reporter
  /** Refuses, by throwing, an image that must not be put there; `keep` leaves the one that is there. */
  check(stamp: string): 'keep' | 'replace'
}

/**
 * Puts an image onto the pool and gives its stamp: copies it beside, verifies the copy, then gives it its name in one step.
 * ImageInvalid, and what `check` throws, come before anything changed.
 */
export async function storeImage(host: BootHost, directory: string, options: StoreOptions): Promise<string> {
  const store = await requireStore(host)
  // Not verified yet: for an early refusal only.
  const claimed = await readManifestStamp(directory)
  if (claimed !== null && options.check(claimed) === 'keep') return claimed
  const progress = { signal: host.context.signal, onBytes: options.reporter.bytes }
  const copy = options.ready ? directory : join(await createIncoming(store), 'image')
  if (!options.ready) await copyNamed(directory, copy, options.reporter, host)
  options.reporter.step('Verifying')
  const stamp = await verifyImage(copy, progress)
  const target = join(store, platformDirectory(stamp))
  if (options.check(stamp) === 'replace') {
    await removeTree(target)
    await renameDurably(copy, target)
  }
  return stamp
}

async function copyNamed(directory: string, copy: string, reporter: Reporter, host: BootHost): Promise<void> {
  const names = await listNamed(directory)
  reporter.step('Copying to the pool')
  reporter.expect(names.reduce((sum, name) => sum + (statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0), 0))
  await ensureDirectory(copy)
  for (const name of names) await copyWhole(join(directory, name), join(copy, name), host.context.signal, reporter.bytes)
}

async function requireStore(host: BootHost): Promise<string> {
  return host.store ?? (await openStore(host))
}

/** The checksums and the files they name: nothing else is taken. */
async function listNamed(directory: string): Promise<string[]> {
  const sums = parseSha256Sums((await readTextFile(join(directory, platformFiles.checksums))) ?? '')
  if (sums === null || sums.size === 0)
    throw new AppError('ImageInvalid', `${directory} is no platform image: it has no ${platformFiles.checksums} that can be read.`)
  return [...sums.keys(), platformFiles.checksums]
}

/** NotFound unless the pool has that image whole. */
export async function requireStored(store: string, stamp: string): Promise<void> {
  const images = await readImages(store)
  if (images.some((image) => image.stamp === stamp && image.whole)) return
  const known = images.filter((image) => image.whole).map((image) => image.stamp)
  throw new AppError('NotFound', `The platform image ${stamp} is not installed.`, {
    hint: known.length === 0 ? `piadm install ${stamp}` : `installed: ${known.join(', ')}; piadm install ${stamp}`,
  })
}
