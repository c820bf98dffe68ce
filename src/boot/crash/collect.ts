import { open, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import { ensureDirectory, listDirectory, readTextFile, removeFile, writeFileAtomic } from '#host/fs/atomic.ts'
import { crashFileName, isCrashFile, parseDumps, planCrashRemoval, type StoredRecord } from '#plan/crash/dumps.ts'
import { crashLimits, crashPlaces, type CrashPlaces, recordMaxBytes } from './places.ts'

const memoryFileSystems = new Set([0x01021994, 0x858458f6, 0x794c7630])

/**
 * Moves what the kernel's persistent store holds to the pool: written and on disk before it is removed from the store.
 * Gives the paths of the new files. PoolUnavailable, with the store untouched, when there is no pool to hold them.
 */
export async function collectCrashes(places: CrashPlaces = crashPlaces): Promise<string[]> {
  const records = await readRecords(places.pstore)
  if (records.length === 0) return []
  if (!(await isLasting(places))) {
    throw new AppError('PoolUnavailable', `The log of a kernel that died stays in ${places.pstore}: no pool holds ${places.cores}.`, {
      hint: 'import the pool, then spirula-boot crash collect',
    })
  }
  await ensureDirectory(places.directory, 0o700)
  const kept: string[] = []
  for (const dump of parseDumps(records)) {
    const path = join(places.directory, crashFileName(dump))
    const present = await readTextFile(path)
    // A power cut may have come between writing and removing.
    if (present !== dump.text) await writeFileAtomic(path, present === null ? dump.text : `${present}\n${dump.text}`)
    for (const name of dump.records) await removeFile(join(places.pstore, name), { durable: false })
    kept.push(path)
  }
  await removeOld(places.directory)
  return kept
}

async function readRecords(directory: string): Promise<StoredRecord[]> {
  const names = await listDirectory(directory)
  return await Promise.all(names.map(async (name) => await readRecord(directory, name)))
}

async function readRecord(directory: string, name: string): Promise<StoredRecord> {
  const file = await open(join(directory, name))
  try {
    const buffer = Buffer.alloc(recordMaxBytes)
    let length = 0
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length, null)
      if (bytesRead === 0) break
      length += bytesRead
    }
    return { name, text: buffer.toString('latin1', 0, length), at_ms: (await file.stat()).mtimeMs }
  } finally {
    await file.close()
  }
}

async function isLasting({ cores, in_memory }: CrashPlaces): Promise<boolean> {
  const about = await statfs(cores).catch(() => null)
  return about !== null && (in_memory === true || !memoryFileSystems.has(about.type))
}

async function removeOld(directory: string): Promise<void> {
  const names = (await listDirectory(directory)).filter(isCrashFile)
  const present = await Promise.all(names.map(async (name) => ({ name, bytes: (await stat(join(directory, name))).size })))
  for (const name of planCrashRemoval(present, crashLimits)) await removeFile(join(directory, name))
}
