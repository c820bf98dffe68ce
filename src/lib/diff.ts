/** One step from one JSON value to another. */
export interface Difference {
  /** `path` joined by dots, for people. */
  prettyPath: string
  path: (string | number)[]
  action: 'added' | 'removed' | 'changed'
  oldValue?: unknown
  newValue?: unknown
}

/** Which property names one item of an array of objects, by the name of the array: `{nics: 'mac'}`. */
export type ItemKeys = Readonly<Record<string, string>>

/**
 * The exact differences of two JSON values. Applied one after the other to `before` they give `after`:
 * an index in a `removed` or `added` step of an array is the item's place at that moment.
 *
 * Arrays named in `keys` are compared item by item, so that a new first item does not look like a change of
 * all others; all other arrays, and those whose common items changed places, are compared as a whole.
 */
export function diffJson(before: unknown, after: unknown, keys: ItemKeys = {}): Difference[] {
  const found: Difference[] = []
  compare(before, after, [], { keys, found })
  return found
}

interface Walk {
  keys: ItemKeys
  found: Difference[]
}

function compare(before: unknown, after: unknown, path: (string | number)[], walk: Walk): void {
  if (isObject(before) && isObject(after)) return compareObjects(before, after, path, walk)
  const key = walk.keys[String(path.at(-1))]
  if (key !== undefined && Array.isArray(before) && Array.isArray(after) && compareItems(before, after, path, { ...walk, key })) return
  if (!isSame(before, after)) note(walk, path, 'changed', { oldValue: before, newValue: after })
}

function compareObjects(before: Record<string, unknown>, after: Record<string, unknown>, path: (string | number)[], walk: Walk): void {
  for (const name of Object.keys(before)) {
    if (!Object.hasOwn(after, name)) note(walk, [...path, name], 'removed', { oldValue: before[name] })
  }
  for (const [name, value] of Object.entries(after)) {
    if (Object.hasOwn(before, name)) compare(before[name], value, [...path, name], walk)
    else note(walk, [...path, name], 'added', { newValue: value })
  }
}

/** False when the arrays cannot be compared item by item; nothing is noted then. */
function compareItems(before: unknown[], after: unknown[], path: (string | number)[], walk: Walk & { key: string }): boolean {
  const oldIds = idsOf(before, walk.key)
  const newIds = idsOf(after, walk.key)
  if (oldIds === null || newIds === null) return false
  const oldPlace = new Map(oldIds.map((id, index) => [id, index]))
  const newPlace = new Map(newIds.map((id, index) => [id, index]))
  const keptOld = oldIds.filter((id) => newPlace.has(id))
  const keptNew = newIds.filter((id) => oldPlace.has(id))
  if (!isSame(keptOld, keptNew)) return false
  for (const [index, id] of [...oldIds.entries()].toReversed()) {
    if (!newPlace.has(id)) note(walk, [...path, index], 'removed', { oldValue: before[index] })
  }
  for (const [index, id] of newIds.entries()) {
    if (!oldPlace.has(id)) note(walk, [...path, index], 'added', { newValue: after[index] })
  }
  for (const [index, id] of newIds.entries()) {
    const old = oldPlace.get(id)
    if (old !== undefined) compare(before[old], after[index], [...path, index], walk)
  }
  return true
}

/** null when an item is no object, has no key, or shares it with another. */
function idsOf(items: readonly unknown[], key: string): string[] | null {
  const ids: string[] = []
  for (const item of items) {
    const id = isObject(item) && Object.hasOwn(item, key) ? item[key] : undefined
    if (typeof id !== 'string') return null
    ids.push(id)
  }
  return new Set(ids).size === ids.length ? ids : null
}

function note(walk: Walk, path: (string | number)[], action: Difference['action'], values: Pick<Difference, 'oldValue' | 'newValue'>): void {
  walk.found.push({ prettyPath: path.join('.'), path, action, ...values })
}

/** True when two JSON values are equal; the order of an object's keys does not count. */
export function isSame(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, index) => isSame(item, b[index]))
  if (!isObject(a) || !isObject(b)) return a === b
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && isSame(a[name], b[name]))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
