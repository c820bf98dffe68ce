import type { z } from 'zod'
import { type Brand, brands } from './record.ts'

export const osBrands: readonly Brand[] = ['joyent', 'joyent-minimal', 'builder', 'lx']
export const hvmBrands: readonly Brand[] = ['kvm', 'bhyve']
export const allBrands: readonly Brand[] = brands

/** When a change reaches a running machine: at once, at its next boot, or it concerns the guest in no way. `read` cannot be set. */
export type Effect = 'live' | 'restart' | 'none' | 'read'

/** A property of a machine, nic, disk … (SmartOS vmadm(8); reference 1.5). */
export interface Property {
  /** Of the value; its messages begin with `must` and go on after the property's path, or are whole sentences. */
  schema: z.ZodType
  description: string
  unit?: string
  example?: unknown
  brands: readonly Brand[]
  create: boolean
  update: boolean
  effect: Effect
  /** In words. */
  default: string
  /** Changed by set_/remove_ (a map), or by add_/update_/remove_ (a list whose items are named by `key`). */
  collection?: { kind: 'map' } | { kind: 'list'; key: string; fields: PropertyTable }
  /** Its value is never repeated in messages. */
  secret?: boolean
  /** An old name; says what to use now. */
  deprecated?: string
}

export type PropertyTable = Readonly<Record<string, Property>>

export interface PropertyAbout extends Partial<Pick<Property, 'unit' | 'example' | 'brands' | 'collection' | 'secret' | 'deprecated'>> {
  /** `create`: at creation only; `both`: by update too; `read`: output only. */
  set: 'create' | 'both' | 'read'
  effect?: Exclude<Effect, 'read'>
  default?: string
}

/** A row of a table. All brands, no effect on the guest and no default unless told otherwise. */
export function describeProperty(schema: z.ZodType, description: string, about: PropertyAbout): Property {
  const { set, effect, default: byDefault, brands: forBrands, ...rest } = about
  return {
    schema: schema.meta({
      description,
      ...(about.unit === undefined ? {} : { unit: about.unit }),
      ...(about.example === undefined ? {} : { examples: [about.example] }),
    }),
    description,
    brands: forBrands ?? allBrands,
    create: set !== 'read',
    update: set === 'both',
    effect: set === 'read' ? 'read' : (effect ?? 'none'),
    default: byDefault ?? 'none',
    ...rest,
  }
}
