import type { NodeClient } from '#client/node-client.ts'
import type { InstalledImage } from '#contracts/image/manifest.ts'
import type { Context } from '#host/context.ts'
import { ensureImageFile } from '#image/ensure.ts'
import { recipeTag } from '#image/manifest.ts'
import { hashRecipe, type Recipe } from '#image/recipe.ts'
import { finishOperation } from './operation.ts'

/** The UUID of the recipe's image on this node; it is built and installed when none made from this recipe is there. */
export async function ensureImage(recipe: Recipe, where: { node: NodeClient; cache: string; note: (text: string) => void }, context: Context): Promise<string> {
  const installed = await where.node.json<InstalledImage[]>('image.list')
  const there = installed.find(({ manifest }) => manifest.tags?.[recipeTag] === hashRecipe(recipe))
  if (there !== undefined) return there.manifest.uuid
  where.note(recipe.name)
  const { manifest, file } = await ensureImageFile(recipe, where.cache, context)
  await finishOperation(where.node, 'image.install', { json: { manifest, file } })
  return manifest.uuid
}
