import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Context } from '#host/context.ts'
import { run } from '#host/run/run.ts'
import { createDebianArchive } from './debian.ts'
import { hashRecipe, type Recipe } from './recipe.ts'

/** Unpacks the Debian of a recipe into a new directory. */
export async function createDebianTree(recipe: Recipe, tree: string, context: Context): Promise<void> {
  const archive = join(dirname(tree), `${recipe.name}.tar`)
  await mkdir(tree, { recursive: true })
  try {
    await createDebianArchive(recipe, archive, context)
    await run(['tar', '--numeric-owner', '-xf', archive, '-C', tree], { timeoutMs: 5 * 60_000 }, context)
  } finally {
    await rm(archive, { force: true })
  }
}

/** The tree of a recipe in a directory of its own in the cache, which is there whole or not at all; those of older recipes are removed. */
export async function ensureDebianTree(recipe: Recipe, cache: string, context: Context): Promise<string> {
  const name = `${recipe.name}-${hashRecipe(recipe)}`
  const names: string[] = await readdir(cache).catch(() => [])
  if (names.includes(name)) return join(cache, name)
  const making = join(cache, `${name}.${process.pid}`)
  await mkdir(making, { recursive: true })
  try {
    await createDebianTree(recipe, join(making, name), context)
    for (const old of names) if (old.startsWith(`${recipe.name}-`)) await rm(join(cache, old), { recursive: true, force: true })
    await rename(join(making, name), join(cache, name))
  } finally {
    await rm(making, { recursive: true, force: true })
  }
  return join(cache, name)
}
