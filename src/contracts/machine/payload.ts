import { type Brand } from './record.ts'
import { properties, readProperty } from './properties.ts'
import type { Property } from './properties-shape.ts'

/** What a key of an update payload does: replace a property, merge into or take from a map, change a list. */
export type PayloadVerb = 'plain' | 'set' | 'add' | 'update' | 'remove'

export interface PayloadKey {
  verb: PayloadVerb
  name: string
  property: Property
}

const mapVerbs = ['set', 'remove'] as const
const listVerbs = ['add', 'update', 'remove'] as const

/**
 * What the key of a payload means; null when it means nothing. `plain` keys of an update are given also for
 * properties that update cannot change, so that the caller can say why.
 */
export function parsePayloadKey(mode: 'create' | 'update', key: string): PayloadKey | null {
  const plain = readProperty(key)
  if (plain !== null) return { verb: 'plain', name: key, property: plain }
  const match = mode === 'update' ? /^(set|add|update|remove)_(.+)$/.exec(key) : null
  const property = readProperty(match?.[2] ?? '')
  const verb = verbsOf(property).find((known) => known === match?.[1])
  return property === null || verb === undefined ? null : { verb, name: match?.[2] ?? '', property }
}

/** Keys that a create payload of the brand may have. */
export function createKeys(brand: Brand): string[] {
  return Object.keys(properties).filter((name) => properties[name]?.create === true && properties[name].brands.includes(brand))
}

/** Keys that an update payload of the brand may have, `set_tags` and `add_nics` among them. */
export function updateKeys(brand: Brand): string[] {
  return Object.entries(properties).flatMap(([name, property]) => {
    if (!property.brands.includes(brand)) return []
    return [...(property.update ? [name] : []), ...verbsOf(property).map((verb) => `${verb}_${name}`)]
  })
}

function verbsOf(property: Property | null): readonly PayloadVerb[] {
  if (property?.collection === undefined) return []
  return property.collection.kind === 'map' ? mapVerbs : listVerbs
}
