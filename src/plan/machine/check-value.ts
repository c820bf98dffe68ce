import type { z } from 'zod'
import type { Property } from '#contracts/machine/properties-shape.ts'
import type { Problem } from './problems.ts'

/**
 * Brings a value to the type its schema wants where only the writing differs, as SmartOS does:
 * `"512"`, `"true"`, and `"a,b"` for lists (values of `key=value` arguments are always text).
 */
export function readLoosely(schema: z.ZodType, value: unknown): unknown {
  const { type } = schema.def
  if (type === 'boolean' || type === 'literal') return loosely(truths, value)
  if (typeof value !== 'string') return value
  if (type === 'number') return /^-?\d{1,15}$/.test(value) ? Number(value) : value
  return type === 'array' && !value.startsWith('[') && !value.startsWith('{') ? value.split(',').map((item) => item.trim()) : value
}

const truths = new Map<unknown, boolean>([
  ['true', true],
  ['1', true],
  [1, true],
  ['false', false],
  ['0', false],
  [0, false],
])

function loosely(table: ReadonlyMap<unknown, boolean>, value: unknown): unknown {
  return table.get(value) ?? value
}

/** One problem for every place in the value that is wrong. */
export function checkValue(property: Property, path: string, value: unknown): Problem[] {
  const checked = property.schema.safeParse(value)
  if (checked.success) return []
  const problems = new Map<string, Problem>()
  for (const issue of checked.error.issues) {
    const place = [path, ...issue.path.map(String)].join('.')
    if (problems.has(place)) continue
    const shown = property.secret === true ? '' : `, but is ${renderValue(valueAt(value, issue.path))}`
    problems.set(place, { path: place, message: issue.message.startsWith('must') ? `${place} ${issue.message}${shown}.` : issue.message })
  }
  return [...problems.values()]
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, step) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, step) : undefined), value)
}

const longestShown = 60

/** A value for a sentence, bounded. */
export function renderValue(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = JSON.stringify(value) ?? 'absent'
  return text.length > longestShown ? `${text.slice(0, longestShown)}…` : text
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
