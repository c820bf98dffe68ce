import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import { platformPaths } from '#contracts/platform/names.ts'
import type { Log } from '#host/context.ts'
import { readJsonFile } from '#host/fs/atomic.ts'
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
