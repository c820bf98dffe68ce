import type { Filesystem } from '#contracts/machine/record.ts'
import type { Item } from './check-items.ts'
import type { Problem } from './problems.ts'

const required = ['type', 'source', 'target'] as const

/**
 * A mount of a payload, over the one it changes if there is one; null with problems. The source
 * `create-volume` becomes the UUID of a volume to make.
 */
export function planFilesystem(item: Item, base: Filesystem | null, newUuid: () => string): { filesystem: Filesystem | null; problems: Problem[] } {
  // The table of properties has checked the type of each value.
  const given = item.values as Partial<Filesystem>
  const merged: Partial<Filesystem> = { ...base, ...given }
  for (const name of item.unset) Reflect.deleteProperty(merged, name)
  const problems: Problem[] = required
    .filter((name) => merged[name] === undefined && !item.bad.has(name))
    .map((name) => ({ path: `${item.path}.${name}`, message: `${item.path}.${name} is missing.`, missing: true }))
  const { type, source, target } = merged
  if (type === undefined || source === undefined || target === undefined) return { filesystem: null, problems }
  const why = whyNotSource(type, source)
  if (why !== null) problems.push({ path: `${item.path}.source`, message: `${item.path}.source ${why}` })
  return { filesystem: { ...merged, type, source: source === 'create-volume' ? newUuid() : source, target }, problems }
}

function whyNotSource(type: string, source: string): string | null {
  if (/^https?:/i.test(source)) return 'cannot be an address of the web: that is for docker machines.'
  const isVolume = source === 'create-volume' || /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(source)
  if (type !== 'lofs' || isVolume || (source.startsWith('/') && !source.split('/').includes('..'))) return null
  return 'must be an absolute path without "..", the UUID of a volume, or create-volume.'
}

/** Each target once. `paths` are where the payload speaks of them. */
export function checkTargets(filesystems: readonly Filesystem[], path: string): Problem[] {
  const targets = filesystems.map((filesystem) => filesystem.target)
  return targets
    .filter((target, index) => targets.indexOf(target) < index)
    .map((target) => ({ path, message: `${path}: two file systems have the target ${target}.` }))
}
