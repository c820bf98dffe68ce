import type { InstalledImage } from '#contracts/image/manifest.ts'

/** A field of an image as a cell: any key of the manifest, `tags.KEY`, and a few derived ones. undefined when it has none. */
export function readImageField(image: InstalledImage, field: string): unknown {
  const { manifest } = image
  if (field === 'published' || field === 'published_date') return manifest.published_at?.slice(0, 10)
  if (field === 'size') return manifest.files?.[0]?.size
  if (field === 'zpool' || field === 'source') return image[field] ?? undefined
  if (field.startsWith('tags.')) return manifest.tags?.[field.slice('tags.'.length)]
  return manifest[field]
}

/** `F=VALUE` exact, `F=~TEXT` contains; all must hold. */
export function matchesImage(image: InstalledImage, filters: readonly { field: string; value: string }[]): boolean {
  return filters.every(({ field, value }) => {
    const actual = String(readImageField(image, field) ?? '')
    return value.startsWith('~') ? actual.includes(value.slice(1)) : actual === value
  })
}

/** By fields in order; a leading `-` turns one round. */
export function compareImages(a: InstalledImage, b: InstalledImage, fields: readonly string[]): number {
  for (const word of fields) {
    const field = word.replace(/^[+-]/, '')
    const order = compareValues(readImageField(a, field), readImageField(b, field))
    if (order !== 0) return word.startsWith('-') ? -order : order
  }
  return 0
}

function compareValues(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  const [left, right] = [String(a ?? ''), String(b ?? '')]
  return left < right ? -1 : left > right ? 1 : 0
}
