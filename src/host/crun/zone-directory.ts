import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureDirectory, listDirectory, readTextFile, removeFile, writeFileAtomic } from '#host/fs/atomic.ts'
import { removeEmptyDirectory } from '#host/fs/kernel.ts'
import type { ZonePaths } from './paths.ts'
import { ZoneNote } from './parse.ts'

/** Makes a zone's run directory with what the keeper and crun read. */
export async function createZoneDirectory(paths: ZonePaths, note: ZoneNote, config: object): Promise<void> {
  // crun passes through as the zone's root, who is nobody out here: x for all, r for none.
  await ensureDirectory(paths.directory, 0o711)
  await ensureDirectory(paths.mounts, 0o711)
  await Promise.all([
    writeFileAtomic(paths.config, JSON.stringify(config), { durable: false }),
    writeFileAtomic(paths.note, JSON.stringify(note), { durable: false }),
  ])
}

/** Our note in a zone's run directory; null when it is missing or cut (the writer was killed). */
export async function readZoneNote(paths: ZonePaths): Promise<ZoneNote | null> {
  const text = await readTextFile(paths.note)
  try {
    return text === null ? null : ZoneNote.parse(JSON.parse(text))
  } catch {
    return null
  }
}

/**
 * Removes a run directory without ever descending into `rootfs` or `mounts/N`: they are empty directories to
 * us, and the zone's own data wherever the keeper's mounts are seen.
 */
export async function removeZoneDirectory(paths: ZonePaths): Promise<void> {
  await removeEmptyDirectory(paths.rootfs)
  await removeMountTargets(paths.mounts)
  for (const name of await listDirectory(paths.directory)) await removeFile(join(paths.directory, name), { durable: false })
  await removeEmptyDirectory(paths.directory)
}

async function removeMountTargets(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) await removeEmptyDirectory(path)
    else await removeFile(path, { durable: false })
  }
  await removeEmptyDirectory(directory)
}
