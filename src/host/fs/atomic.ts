import { constants } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AppError } from '#contracts/errors.ts'

/** Makes a directory and its parents. */
export async function ensureDirectory(path: string, mode = 0o755): Promise<void> {
  await mkdir(path, { recursive: true, mode })
}

/**
 * How much of a write must survive a power cut. `true`: all of it, before this returns. `'content'`: the name
 * may be lost, but never without losing what was done to the same file system after it: ZFS and btrfs keep
 * that order, so it is enough for a note of what is about to be done there. `false`: files below /run.
 */
export type Durable = boolean | 'content'

/** Replaces a file by new text in one step: a reader, or a restart after a power cut, sees the old text or the new one. */
export async function writeFileAtomic(path: string, text: string, options: { mode?: number; durable?: Durable } = {}): Promise<void> {
  const durable = options.durable ?? true
  const temporary = join(dirname(path), `.${process.pid}.${nextSerial()}.tmp`)
  try {
    const file = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, options.mode ?? 0o600)
    try {
      await file.writeFile(text)
      if (durable !== false) await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
    if (durable === true) await syncDirectory(dirname(path))
  } catch (cause) {
    await rm(temporary, { force: true })
    throw asFileError(cause, path)
  }
}

/** Removes a file for good; gone is fine. */
export async function removeFile(path: string, options: { durable?: boolean } = {}): Promise<void> {
  await rm(path, { force: true })
  if (options.durable ?? true) await syncDirectory(dirname(path)).catch(ignoreMissing)
}

/** Removes a directory and what is in it, never following links; gone is fine. */
export async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true })
}

/** Parsed JSON of a file; null when there is none. StateCorrupt names the file and the parser's complaint. */
export async function readJsonFile(path: string): Promise<unknown> {
  const text = await readTextFile(path)
  if (text === null) return null
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError('StateCorrupt', `The state file ${path} is not JSON.`, { cause, hint: `restore ${path} from a snapshot of the pool, or move it away` })
  }
}

/** Text of a file; null when there is none. */
export async function readTextFile(path: string): Promise<string | null> {
  return await readFile(path, 'utf8').catch(ignoreMissing)
}

/** Names in a directory; [] when there is none. */
export async function listDirectory(path: string): Promise<string[]> {
  return (await readdir(path).catch(ignoreMissing)) ?? []
}

/** Removes temporary files that a killed writer left behind. */
export async function removeTemporaryFiles(directory: string): Promise<void> {
  for (const name of await listDirectory(directory)) if (/^\.\d+\.\d+\.tmp$/.test(name)) await rm(join(directory, name), { force: true })
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

let serial = 0
function nextSerial(): number {
  serial += 1
  return serial
}

function ignoreMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}

const quotaExceeded = -122 // EDQUOT, for which Node has no name: its `code` is "Unknown system error -122"

/** The file system is full, or the quota of the dataset is used up. */
export function isNoSpace(error: unknown): boolean {
  const { code, errno } = (error ?? {}) as NodeJS.ErrnoException
  return code === 'ENOSPC' || errno === quotaExceeded
}

function asFileError(cause: unknown, path: string): unknown {
  if (isNoSpace(cause)) return new AppError('NoSpace', `No space left to write ${path}.`, { cause })
  return cause
}
