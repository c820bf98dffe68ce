import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { silentLog } from '#host/context.ts'
import { ensureImageFile } from '../../src/image/ensure.ts'
import { userland13 } from '../../src/image/profiles/userland-13.ts'
import { attempt, command } from '../bench/command.ts'

export const imageCache = '/var/cache/spirula/images'
export const context = { signal: new AbortController().signal, log: silentLog, now: () => new Date() }

export interface PlatformTrees {
  /** A squashfs, mounted read-only, as on the platform: what `--platform` is given. Its /usr has `version` in usr/share/platform-version. */
  mount(version: string, stamp: string): Promise<string>
  dispose(): Promise<void>
}

/** Trees that stand for platforms, on the very file system the real one is on. */
export async function createPlatformTrees(): Promise<PlatformTrees> {
  const directory = await mkdtemp('/var/tmp/spirula-platform-')
  const tree = join(directory, 'tree')
  const mounted: string[] = []
  await mkdir(tree)
  const { file } = await ensureImageFile(userland13, imageCache, context)
  await command(['tar', '--extract', '--zstd', '--numeric-owner', '--xattrs', '--xattrs-include=*', '--file', file, '--directory', tree])
  return {
    async mount(version, stamp) {
      await writeFile(join(tree, 'usr/share/platform-version'), `${version}\n`)
      await writeFile(join(tree, 'etc/spirula/platform.json'), JSON.stringify({ stamp }))
      const image = join(directory, `${version}.squashfs`)
      const place = join(directory, version)
      await mkdir(place)
      await command(['mksquashfs', tree, image, '-comp', 'zstd', '-Xcompression-level', '1', '-quiet', '-no-progress'])
      await command(['mount', '-t', 'squashfs', '-o', 'loop,ro', image, place])
      mounted.push(place)
      return place
    },
    async dispose() {
      for (const place of mounted) await attempt(['umount', '--lazy', place])
      await rm(directory, { recursive: true, force: true })
    },
  }
}
