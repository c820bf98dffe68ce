import { createHash } from 'node:crypto'

/** What an image is made of, as data: its hash says whether an image that is there is still the wanted one. */
export interface Recipe {
  /** Name of the image, and of its files in the cache. */
  name: string
  version: string
  description: string
  maker: 'busybox' | 'debian'
  /** Smallest memory of a machine made from it, MiB. */
  min_ram: number
  /** Codename of the Debian suite; '' for the busybox tree. */
  suite: string
  packages: readonly string[]
  /** Paths that dpkg leaves out. */
  excludes: readonly string[]
  /** Files that are added, path → text. */
  files: Readonly<Record<string, string>>
  /** Links that are added, path → target. */
  links: Readonly<Record<string, string>>
  /** `zone-dataset`: /usr is left empty, for the node's (see docs/adr/0019-sparse-zones.md). Absent: `lx-dataset`, a whole root. */
  type?: 'lx-dataset' | 'zone-dataset'
  /** Lines of /etc/group that are there before any package but the essential ones is. */
  groups?: readonly string[]
}

/** Short hash of all of a recipe; the order of its keys does not matter. */
export function hashRecipe(recipe: Recipe): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(recipe)))
    .digest('hex')
    .slice(0, 16)
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  )
}
