import { hvmProperties } from './properties-hvm.ts'
import { deprecatedProperties, identityProperties, metadataProperties, readProperties } from './properties-identity.ts'
import { limitProperties } from './properties-limits.ts'
import { networkProperties } from './properties-network.ts'
import type { Property, PropertyTable } from './properties-shape.ts'
import { storageProperties } from './properties-storage.ts'

/** Every property of a machine (reference 1.5): the one source of checks, defaults in words, hints and documents. */
export const properties: PropertyTable = {
  ...identityProperties,
  ...limitProperties,
  ...storageProperties,
  ...networkProperties,
  ...hvmProperties,
  ...metadataProperties,
  ...readProperties,
  ...deprecatedProperties,
}

/** null when a machine has no such property. */
export function readProperty(name: string, table: PropertyTable = properties): Property | null {
  return Object.hasOwn(table, name) ? (table[name] ?? null) : null
}
