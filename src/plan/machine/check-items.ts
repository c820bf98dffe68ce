import type { PayloadKey } from '#contracts/machine/payload.ts'
import { readProperty } from '#contracts/machine/properties.ts'
import type { Property, PropertyTable } from '#contracts/machine/properties-shape.ts'
import type { Brand } from '#contracts/machine/record.ts'
import { nearestOf } from '#lib/nearest.ts'
import { checkValue, isObject, readLoosely, renderValue } from './check-value.ts'
import type { Notice, Problem } from './problems.ts'

/** A nic, filesystem … of a payload. */
export interface Item {
  /** `nics.0` or `add_nics.0`. */
  path: string
  values: Record<string, unknown>
  unset: ReadonlySet<string>
  /** Fields with a problem noted already. */
  bad: ReadonlySet<string>
}

interface Checked {
  items: Item[]
  problems: Problem[]
  notices: Notice[]
}

interface ItemWalk {
  verb: 'add' | 'update'
  brand: Brand
  /** `nic`, `filesystem` …, for sentences. */
  noun: string
  key: string
  fields: PropertyTable
  checked: Checked
}

const mostItems = 64

/** Checks the items of a list (nics, disks …) field by field; each keeps its place, so that later problems name it. */
export function checkItems(path: string, { name, property, verb }: PayloadKey, list: readonly unknown[], brand: Brand): Checked {
  const checked: Checked = { items: [], problems: [], notices: [] }
  if (property.collection?.kind !== 'list') return checked
  if (list.length > mostItems) {
    checked.problems.push({ path, message: `${path} has ${list.length} items, but is limited to ${mostItems}.` })
    return checked
  }
  const { key, fields } = property.collection
  const walk: ItemWalk = { verb: verb === 'update' ? 'update' : 'add', brand, noun: name.replace(/s$/, ''), key, fields, checked }
  for (const [index, item] of list.entries()) {
    const place = `${path}.${index}`
    if (isObject(item)) checked.items.push(checkItem(place, item, walk))
    else checked.problems.push({ path: place, message: `${place} must be an object, but is ${renderValue(item)}.` })
  }
  return checked
}

function checkItem(path: string, item: Record<string, unknown>, walk: ItemWalk): Item {
  const values: Record<string, unknown> = {}
  const unset = new Set<string>()
  const bad = new Set<string>()
  for (const [name, raw] of Object.entries(item)) {
    if (raw === undefined) continue
    const field = readProperty(name, walk.fields)
    const place = `${path}.${name}`
    const ignored = whyIgnored(name, field, walk)
    if (ignored !== null) walk.checked.notices.push({ path: place, ...ignored })
    else if (raw === null || raw === '') unset.add(name)
    else if (field !== null) {
      const value = readLoosely(field.schema, raw)
      const problems = checkValue(field, place, value)
      walk.checked.problems.push(...problems)
      if (problems.length === 0) values[name] = value
      else bad.add(name)
    }
  }
  return { path, values, unset, bad }
}

function whyIgnored(name: string, field: Property | null, walk: ItemWalk): Omit<Notice, 'path'> | null {
  const { noun, brand } = walk
  if (field === null) {
    const near = nearestOf(name, Object.keys(walk.fields))
    return {
      kind: 'unknown',
      message: `${renderValue(name)} is not a property of a ${noun} and is ignored${near === null ? '.' : `; did you mean "${near}"?`}`,
    }
  }
  if (!field.brands.includes(brand)) return { kind: 'not_allowed', message: `"${name}" is not a property of a ${noun} of ${brand} machines and is ignored.` }
  if (!field.create) return { kind: 'not_allowed', message: `"${name}" of a ${noun} cannot be set and is ignored.` }
  const fixed = walk.verb === 'update' && !field.update && name !== walk.key
  return fixed ? { kind: 'not_allowed', message: `"${name}" of a ${noun} cannot be changed by an update and is ignored.` } : null
}
