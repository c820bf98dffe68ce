import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, readdir, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import { platformDirectory, platformFiles, stampPattern } from '#contracts/platform/names.ts'
import { parseSha256Sums } from '#lib/sha256sums.ts'
import { ensureDirectory, listDirectory, readJsonFile, readTextFile, removeFile, removeTree } from '../fs/atomic.ts'
import { copyWhole, syncNames, writeWhole } from '../fs/blocks.ts'

/** A platform image's directory below some root. */
export interface ImageDirectory {
  stamp: string
  /** What its files take. */
  bytes: number
  /** Its checksums are there, and all files they name. */
  whole: boolean
}

/** What a platform image is made of beside its checksums; each must be named by them. */
const contentFiles = [platformFiles.manifest, platformFiles.sbom, platformFiles.kernel, platformFiles.archive]
const largestChecksums = 64 << 10

/** The images below a directory, oldest first. */
export async function readImages(root: string): Promise<ImageDirectory[]> {
  const stamps = (await listDirectory(root)).map((name) => name.slice('platform-'.length)).filter((stamp) => stampPattern.test(stamp))
  const named = stamps.filter((stamp) => stamp !== '').toSorted()
  return await Promise.all(named.map((stamp) => readImage(root, stamp)))
}

async function readImage(root: string, stamp: string): Promise<ImageDirectory> {
  const directory = join(root, platformDirectory(stamp))
  const sizes = new Map<string, number>()
  for (const name of await readdir(directory)) sizes.set(name, (await lstat(join(directory, name))).size)
  const sums = await readSums(directory)
  const whole = sums !== null && [...contentFiles, ...sums.keys()].every((name) => (sizes.get(name) ?? 0) > 0)
  return { stamp, bytes: [...sizes.values()].reduce((sum, size) => sum + size, 0), whole }
}

async function readSums(directory: string): Promise<Map<string, string> | null> {
  const path = join(directory, platformFiles.checksums)
  const found = await lstat(path).catch(() => null)
  if (found?.isFile() !== true || found.size > largestChecksums) return null
  const sums = parseSha256Sums((await readTextFile(path)) ?? '')
  return sums !== null && contentFiles.every((name) => sums.has(name)) ? sums : null
}

/** Bytes that can be written to the file system of a directory. */
export async function readFreeBytes(root: string): Promise<number> {
  const { bavail, bsize } = await statfs(root)
  return bavail * bsize
}

export interface CopyProgress {
  signal: AbortSignal
  /** Told what was read or written since. */
  onBytes: (bytes: number) => void
}

/**
 * Checks an image against its checksums and manifest; ImageInvalid says what is wrong with it. Gives its stamp, which the directory's
 * name need not tell. `sums` are checksums kept elsewhere, for a copy that has none yet.
 */
export async function verifyImage(directory: string, progress: CopyProgress, sums?: ReadonlyMap<string, string>): Promise<string> {
  const expected = sums ?? (await readSums(directory))
  if (expected === null) throw invalid(directory, `${platformFiles.checksums} is missing or does not name all files`)
  for (const [name, digest] of expected) {
    if (name.includes('/')) throw invalid(directory, `${platformFiles.checksums} names ${name}, which is not in this directory`)
    if ((await digestOf(join(directory, name), progress)) !== digest) throw invalid(directory, `${name} is not what its checksum says`)
  }
  const stamp = await readManifestStamp(directory)
  if (stamp === null) throw invalid(directory, `its ${platformFiles.manifest} names no stamp`)
  return stamp
}

/** What an image's manifest says its stamp is; null when it says none. No more is read: the image may be of a later version than this program. */
export async function readManifestStamp(directory: string): Promise<string | null> {
  const manifest = (await readJsonFile(join(directory, platformFiles.manifest)).catch(() => null)) as { stamp?: unknown } | null
  return typeof manifest?.stamp === 'string' && stampPattern.test(manifest.stamp) ? manifest.stamp : null
}

function invalid(directory: string, why: string): AppError {
  return new AppError('ImageInvalid', `The platform image ${directory} cannot be used: ${why}.`, { hint: 'get it anew' })
}

async function digestOf(path: string, { signal, onBytes }: CopyProgress): Promise<string | null> {
  const hash = createHash('sha256')
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20, signal })) {
      hash.update(chunk as Buffer)
      onBytes((chunk as Buffer).length)
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  return hash.digest('hex')
}

/**
 * Copies an image's files, but not its checksums: until `sealImage` nobody takes it for whole. There is no
 * renaming, as FAT may show a directory under both names after a power cut, and freeing one destroys the other.
 */
export async function copyImage(source: string, root: string, stamp: string, progress: CopyProgress): Promise<void> {
  const target = join(root, platformDirectory(stamp))
  await removeImage(root, stamp)
  await ensureDirectory(target)
  const sums = await readSums(source)
  if (sums === null) throw invalid(source, `${platformFiles.checksums} is missing or does not name all files`)
  for (const name of sums.keys()) await copyWhole(join(source, name), join(target, name), progress.signal, progress.onBytes)
  await syncNames(target)
  await syncNames(root)
}

/** Verifies a copy against its source's checksums, best after a new mount, so that the disk is read; then puts the checksums beside it. */
export async function sealImage(source: string, root: string, stamp: string, progress: CopyProgress): Promise<void> {
  const target = join(root, platformDirectory(stamp))
  const sums = await readSums(source)
  if (sums === null) throw invalid(source, `${platformFiles.checksums} is missing or does not name all files`)
  await verifyImage(target, progress, sums)
  await writeWhole(join(target, platformFiles.checksums), (await readTextFile(join(source, platformFiles.checksums))) ?? '')
  await syncNames(target)
}

/** Removes an image; the checksums go first, so that what a power cut leaves is taken for a leftover. */
export async function removeImage(root: string, stamp: string): Promise<void> {
  const target = join(root, platformDirectory(stamp))
  await removeFile(join(target, platformFiles.checksums))
  await removeTree(target)
  await syncNames(root)
}
