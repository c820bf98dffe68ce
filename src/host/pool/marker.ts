import { randomUUID } from 'node:crypto'
import { chmod, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import type { Context } from '../context.ts'
import { ensureDirectory, readJsonFile, writeFileAtomic } from '../fs/atomic.ts'

/** What a pool says of itself in `.spirula/pool.json`. */
export interface PoolMarker {
  v: 1
  name: string
  uuid: string
  /** ISO 8601. */
  created_at: string
}

/**
 * Reads the pool's marker, or writes the first one. PoolUnavailable when the pool says it is another's; StateCorrupt
 * when the marker is not one. Also closes the pool's top to host users: guests' files keep uid 0 there, so a set-uid
 * file of a guest must not be reachable from the host. Zones get at their trees by bind mounts, not through the top.
 */
export async function ensureMarker(mountpoint: string, name: string, context: Context): Promise<PoolMarker> {
  const path = join(mountpoint, '.spirula/pool.json')
  const marker = parseMarker(await readJsonFile(path), path)
  if (marker !== null && marker.name !== name) {
    throw new AppError('PoolUnavailable', `The pool at ${mountpoint} is named ${marker.name}, not ${name}.`, {
      hint: `mount it elsewhere, or ask for ${marker.name}`,
    })
  }
  // On a full ZFS pool not even a mode can be set: one that is right is left alone.
  if (((await stat(mountpoint)).mode & 0o777) !== 0o700) await chmod(mountpoint, 0o700)
  if (marker !== null) return marker
  const fresh: PoolMarker = { v: 1, name, uuid: randomUUID(), created_at: context.now().toISOString() }
  await ensureDirectory(join(mountpoint, '.spirula'), 0o700)
  await writeFileAtomic(path, `${JSON.stringify(fresh)}\n`)
  return fresh
}

/** null for a pool that has none yet. */
export function parseMarker(value: unknown, path: string): PoolMarker | null {
  if (value === null) return null
  const { v, name, uuid, created_at } = value as Partial<Record<keyof PoolMarker, unknown>>
  if (v === 1 && typeof name === 'string' && typeof uuid === 'string' && typeof created_at === 'string') return { v, name, uuid, created_at }
  throw new AppError('StateCorrupt', `The pool's marker ${path} is not what this version writes.`, { hint: 'restore it from a backup or move it away' })
}
