import { createHash } from 'node:crypto'
import type { ImageManifest } from '#contracts/image/manifest.ts'
import { hashRecipe, type Recipe } from './recipe.ts'

/** Names all images of this maker; a random UUID, fixed for ever. */
const namespace = '6f0a7c1e-52d7-4a0e-9c0b-2f6d1f4b8a11'

/** Tag that holds the hash of the recipe an image was made from. */
export const recipeTag = 'recipe'

/** UUID of version 5: the same name gives the same UUID (RFC 9562, section 5.5). */
export function renderUuid5(space: string, name: string): string {
  const bytes = createHash('sha1')
    .update(Buffer.from(space.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest()
    .subarray(0, 16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x50
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

export interface BuiltFile {
  /** Of the compressed file, hexadecimal. */
  sha1: string
  /** Bytes of the compressed file. */
  size: number
  published_at: string
}

/** Version 2 manifest of an image file; the UUID comes from the file's content. */
export function renderManifest(recipe: Recipe, file: BuiltFile): ImageManifest {
  const type = recipe.type ?? 'lx-dataset'
  return {
    v: 2,
    uuid: renderUuid5(namespace, file.sha1),
    name: recipe.name,
    version: recipe.version,
    type,
    os: 'linux',
    owner: '00000000-0000-0000-0000-000000000000',
    state: 'active',
    disabled: false,
    public: true,
    published_at: file.published_at,
    description: recipe.description,
    files: [{ sha1: file.sha1, size: file.size, compression: 'zstd', format: 'tar' }],
    // A sparse root suits several brands; its type tells which.
    requirements: { ...(type === 'lx-dataset' ? { brand: 'lx' } : {}), min_ram: recipe.min_ram },
    tags: { role: 'os', [recipeTag]: hashRecipe(recipe) },
  }
}
