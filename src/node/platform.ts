import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import { platformPaths } from '#contracts/platform/names.ts'
import type { Log } from '#host/context.ts'
import { readJsonFile, readTextFile, writeFileAtomic } from '#host/fs/atomic.ts'
import { removeGuestFile } from '#host/fs/guest-tree.ts'
import { whyNoPlatform } from '#plan/machine/image-fit.ts'
import type { Parts } from './parts.ts'

/** The image this node was booted from. */
export interface Platform {
  /** Its /usr as nobody can have changed it: what sparse zones get theirs from. */
  usr: string
  /** When it was built; null when it does not say. */
  stamp: string | null
}

/** null when the tree at `directory` has no usr: sparse zones are refused then, others run all the same. */
export async function readPlatform(directory: string, log: Log): Promise<Platform | null> {
  const usr = join(directory, 'usr')
  const found = await lstat(usr).catch(() => null)
  if (found?.isDirectory() !== true) {
    log.warn({ directory }, 'the platform has no usr, so no zone of brand joyent can run')
    return null
  }
  const manifest = (await readJsonFile(join(directory, platformPaths.manifest)).catch(() => null)) as { stamp?: unknown } | null
  return { usr, stamp: typeof manifest?.stamp === 'string' ? manifest.stamp : null }
}

/** The platform, for a machine that cannot run without it. */
export function requirePlatform(uuid: string, { platform }: Pick<Parts, 'platform'>): Platform {
  if (platform !== null) return platform
  throw new AppError('BrandUnsupported', whyNoPlatform(`VM ${uuid}`), { hint: 'boot the node from a platform image' })
}

/**
 * Before a sparse zone boots: on another platform than the last time systemd has to make system users and caches
 * anew, which it does when these files of its own are gone (ConditionNeedsUpdate of systemd.unit(5)). Which platform
 * it was is noted beside the root, so that a rollback takes the note back too.
 */
export async function notePlatform(uuid: string, { stamp }: Platform, parts: Parts): Promise<void> {
  if (stamp === null) return
  const zonepath = parts.host.storage.mountpointOf(uuid)
  const note = join(zonepath, 'platform')
  try {
    const last = (await readTextFile(note))?.trim()
    if (last === stamp) return
    if (last !== undefined) for (const path of ['/etc/.updated', '/var/.updated']) await removeGuestFile(join(zonepath, 'root'), path)
    await writeFileAtomic(note, `${stamp}\n`)
  } catch (err) {
    // A machine that has filled its disk must be able to start.
    parts.log.warn({ err, uuid }, 'the zone was not told that its platform is another one')
  }
}
