import { createKeys, type PayloadKey, parsePayloadKey, updateKeys } from '#contracts/machine/payload.ts'
import type { Brand } from '#contracts/machine/record.ts'
import { nearestOf } from '#lib/nearest.ts'
import { checkItems, type Item } from './check-items.ts'
import { checkValue, isObject, readLoosely, renderValue } from './check-value.ts'
import type { Notice, Problem } from './problems.ts'

/** What add_, update_, remove_ and set_ ask of one collection. */
export interface Edit {
  set?: Record<string, unknown>
  add?: Item[]
  update?: Item[]
  remove?: string[]
}

/** A payload taken apart: values of the right type, what is wrong, and what is ignored. */
export interface CheckedPayload {
  values: Record<string, unknown>
  /** Properties given as '' or null: back to their defaults. */
  unset: ReadonlySet<string>
  /** Items of whole lists given (nics, filesystems), by property. */
  items: Partial<Record<string, Item[]>>
  edits: Partial<Record<string, Edit>>
  problems: Problem[]
  notices: Notice[]
}

interface Walk extends Omit<CheckedPayload, 'unset'> {
  mode: 'create' | 'update'
  brand: Brand
  unset: Set<string>
}

/** Checks every key of a payload on its own by the table of properties; what keys mean together is for others. */
export function checkPayload(mode: 'create' | 'update', brand: Brand, payload: Record<string, unknown>): CheckedPayload {
  const walk: Walk = { mode, brand, values: {}, unset: new Set(), items: {}, edits: {}, problems: [], notices: [] }
  for (const [key, value] of Object.entries(payload)) {
    if (value === undefined) continue
    const parsed = parsePayloadKey(mode, key)
    if (parsed === null) noteUnknown(key, walk)
    else if (!parsed.property.brands.includes(brand)) ignore(walk, key, `"${key}" is not a property of ${brand} machines and is ignored.`)
    else if (parsed.verb !== 'plain') checkEdit(key, parsed, value, walk)
    else if (!parsed.property[mode]) noteNotSettable(parsed, walk)
    else checkPlain(parsed, value, walk)
  }
  return walk
}

function noteUnknown(key: string, walk: Walk): void {
  const near = nearestOf(key, walk.mode === 'create' ? createKeys(walk.brand) : updateKeys(walk.brand))
  const hint = near === null ? '' : `; did you mean "${near}"?`
  const shown = renderValue(key)
  walk.notices.push({ path: key, kind: 'unknown', message: `${shown} is not a property of a machine and is ignored${hint === '' ? '.' : hint}` })
}

function noteNotSettable({ name, property }: PayloadKey, walk: Walk): void {
  if (walk.mode === 'create') return ignore(walk, name, `"${name}" cannot be set and is ignored.`)
  if (property.collection?.kind === 'map') return ignore(walk, name, `"${name}" is changed with set_${name} and remove_${name}, and is ignored.`)
  if (property.collection?.kind === 'list')
    return ignore(walk, name, `"${name}" is changed with add_${name}, update_${name} and remove_${name}, and is ignored.`)
  const way = name === 'image_uuid' ? '; use vmadm reprovision' : ''
  ignore(walk, name, `"${name}" cannot be changed by an update and is ignored${way}.`)
}

function ignore(walk: Walk, path: string, message: string): void {
  walk.notices.push({ path, message, kind: 'not_allowed' })
}

/** Properties whose default would be a surprise on a machine that is there. */
const neverUnset = new Set(['ram', 'max_physical_memory'])

function checkPlain({ name, property }: PayloadKey, raw: unknown, walk: Walk): void {
  if (raw === null || raw === '') {
    if (walk.mode === 'update' && neverUnset.has(name)) walk.problems.push({ path: name, message: `${name} cannot be unset.` })
    else walk.unset.add(name)
    return
  }
  if (property.collection?.kind === 'list') {
    walk.items[name] = readItems(name, { verb: 'add', name, property }, raw, walk)
    return
  }
  const value = readLoosely(property.schema, raw)
  const problems = checkValue(property, name, value)
  walk.problems.push(...problems)
  if (problems.length === 0) walk.values[name] = value
}

function checkEdit(key: string, parsed: PayloadKey, value: unknown, walk: Walk): void {
  const { name, property, verb } = parsed
  const edit = (walk.edits[name] ??= {})
  if (verb === 'set') {
    const problems = checkValue(property, key, value)
    walk.problems.push(...problems)
    if (problems.length === 0 && isObject(value)) edit.set = value
  } else if (verb === 'remove') edit.remove = readNames(key, value, walk)
  else if (verb === 'add' || verb === 'update') edit[verb] = readItems(key, parsed, value, walk)
}

function readNames(key: string, value: unknown, walk: Walk): string[] {
  if (!Array.isArray(value)) {
    walk.problems.push({ path: key, message: `${key} must be an array.` })
    return []
  }
  return value.flatMap((name: unknown, index) => {
    if (typeof name === 'string') return [name]
    walk.problems.push({ path: `${key}.${index}`, message: `${key}.${index} must be text, but is ${renderValue(name)}.` })
    return []
  })
}

function readItems(key: string, parsed: PayloadKey, value: unknown, walk: Walk): Item[] {
  if (!Array.isArray(value)) {
    walk.problems.push({ path: key, message: `${key} must be an array.` })
    return []
  }
  const checked = checkItems(key, parsed, value, walk.brand)
  walk.problems.push(...checked.problems)
  walk.notices.push(...checked.notices)
  return checked.items
}
