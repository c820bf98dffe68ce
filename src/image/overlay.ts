import { chmod, lchown, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Recipe } from './recipe.ts'

/**
 * Lays a recipe's files and links into a tree (made by us, so nobody else's links are in it). Scripts, told
 * by their first two characters, are executable; shadow files are root's alone; a link to '' is a removal.
 */
export async function createOverlay(tree: string, recipe: Recipe): Promise<void> {
  // A temporary directory is closed to others; as the root of a tree it must not stay so.
  await chmod(tree, 0o755)
  for (const [path, text] of Object.entries(recipe.files)) {
    const target = join(tree, path)
    await mkdir(dirname(target), { recursive: true })
    await rm(target, { force: true })
    await writeFile(target, text)
    await chmod(target, modeOf(path, text))
  }
  for (const [path, to] of Object.entries(recipe.links)) {
    const target = join(tree, path)
    await mkdir(dirname(target), { recursive: true })
    await rm(target, { force: true })
    if (to === '') continue
    await symlink(to, target)
    await lchown(target, 0, 0)
  }
}

function modeOf(path: string, text: string): number {
  if (text.startsWith('#!')) return 0o755
  return path.endsWith('shadow') ? 0o640 : 0o644
}
