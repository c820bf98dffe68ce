import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ImageManifest } from '#contracts/image/manifest.ts'
import type { Context } from '#host/context.ts'
import { ensureDirectory, readJsonFile, removeFile, writeFileAtomic } from '#host/fs/atomic.ts'
import { run } from '#host/run/run.ts'
import { createBusyboxArchive } from './busybox.ts'
import { createDebianArchive } from './debian.ts'
import { renderManifest } from './manifest.ts'
import { hashRecipe, type Recipe } from './recipe.ts'

export interface BuiltImage {
  manifest: ImageManifest
  /** Absolute path of the compressed archive. */
  file: string
}

const makers = { busybox: createBusyboxArchive, debian: createDebianArchive } as const

/**
 * The image of a recipe, from the cache when it is there whole. The manifest is written last, so an
 * interrupted build is built again.
 */
export async function ensureImageFile(recipe: Recipe, cache: string, context: Context): Promise<BuiltImage> {
  const stem = join(cache, `${recipe.name}-${hashRecipe(recipe)}`)
  const file = `${stem}.tar.zst`
  const cached = await readCached(`${stem}.json`, file)
  if (cached !== null) return { manifest: cached, file }
  await ensureDirectory(cache)
  const archive = `${stem}.tar`
  try {
    await makers[recipe.maker](recipe, archive, context)
    await run(['zstd', '-q', '-f', '-T0', '-9', archive, '-o', `${file}.partial`], { timeoutMs: 10 * 60_000 }, context)
  } finally {
    await removeFile(archive)
  }
  await rename(`${file}.partial`, file)
  const manifest = renderManifest(recipe, { ...(await readDigest(file)), published_at: context.now().toISOString() })
  await writeFileAtomic(`${stem}.json`, `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o644 })
  return { manifest, file }
}

async function readCached(manifestPath: string, file: string): Promise<ImageManifest | null> {
  const manifest = ImageManifest.safeParse(await readJsonFile(manifestPath).catch(() => null))
  const size = await stat(file).then(
    (found) => found.size,
    () => -1,
  )
  // A size that does not fit is a cache that somebody cut; the installer checks the digest anyway.
  return manifest.success && manifest.data.files?.[0]?.size === size ? manifest.data : null
}

async function readDigest(file: string): Promise<{ sha1: string; size: number }> {
  const hash = createHash('sha1')
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  return { sha1: hash.digest('hex'), size: (await stat(file)).size }
}
