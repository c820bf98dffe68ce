import type { MachineRecord, ScalarMap } from '#contracts/machine/record.ts'
import type { MetadataAnswer } from './protocol.ts'

/**
 * Which key of a guest leads where (smartos-node reference 4.3):
 * `sdc:NAME` = properties, read only; a prefix in internal_metadata_namespaces = internal_metadata, read
 * only; `*_pw` = internal_metadata; anything else = customer_metadata.
 */

export interface MetadataFacts {
  record: MachineRecord
  /** What is read back and not in the record, as `vmadm get` names it: quota, state, zoneid … */
  extra?: Record<string, unknown>
}

export type MetadataStore = 'customer_metadata' | 'internal_metadata'

export type MetadataChange =
  | { kind: 'put'; store: MetadataStore; key: string; value: string }
  | { kind: 'remove'; store: MetadataStore; key: string }
  /** Nothing to store; the guest is told it worked. */
  | { kind: 'none' }
  | { kind: 'refused'; message: string }

/** What a guest may make the node keep for it: the record is a file on the host and lies in the daemon's memory. */
export const metadataLimits = { keyBytes: 255, keys: 1024, totalBytes: 512 << 10 }

/** Properties a guest may not read: what the operator keeps for himself, and the node's own notes. */
const hiddenProperties = ['internal', 'internal_metadata']

/** Value of a key as a guest reads it. */
export function resolveGet(key: string, facts: MetadataFacts): MetadataAnswer {
  const value = key.startsWith('sdc:') ? resolveProperty(key.slice(4), facts) : resolveStored(key, facts.record)
  return value === undefined || value === null ? { kind: 'notfound' } : { kind: 'success', value: renderValue(value) }
}

/** What a PUT changes. */
export function resolvePut(key: string, value: string, facts: MetadataFacts): MetadataChange {
  const refusal = checkKey(key, facts.record)
  if (refusal !== null) return { kind: 'refused', message: refusal }
  const store = findStore(key, facts.record)
  const tooMuch = checkSize(facts.record, store, { key, value })
  return tooMuch === null ? { kind: 'put', store, key, value } : { kind: 'refused', message: tooMuch }
}

/** What a DELETE changes; a key that is not there is fine. */
export function resolveDelete(key: string, facts: MetadataFacts): MetadataChange {
  const refusal = checkKey(key, facts.record)
  if (refusal !== null) return { kind: 'refused', message: refusal }
  const store = findStore(key, facts.record)
  return Object.hasOwn(facts.record[store], key) ? { kind: 'remove', store, key } : { kind: 'none' }
}

/** Keys a guest is told of: its own, and those of internal_metadata that it can read. Not `sdc:`. */
export function listKeys({ record }: MetadataFacts): string[] {
  const customer = Object.keys(record.customer_metadata).filter((key) => !isInternal(key, record) && !key.startsWith('sdc:'))
  const internal = Object.keys(record.internal_metadata).filter((key) => isInternal(key, record))
  return [...customer, ...internal]
}

function resolveStored(key: string, record: MachineRecord): unknown {
  return readOwn(isInternal(key, record) ? record.internal_metadata : record.customer_metadata, key)
}

function resolveProperty(name: string, { record, extra = {} }: MetadataFacts): unknown {
  if (name === 'operator-script') return record.internal_metadata['operator-script']
  if (name === 'volumes') return record.internal_metadata['sdc:volumes']
  if (name === 'routes') return renderRoutes(record)
  if (name.startsWith('tags.')) return readOwn(record.tags, name.slice('tags.'.length))
  if (hiddenProperties.includes(name)) return undefined
  return readOwn(record, name) ?? readOwn(extra, name)
}

export interface GuestRoute {
  linklocal: boolean
  dst: string
  gateway: string
}

/** Guests are given routes as a list. `nics[N]` and `macs[M]` are link-local routes by that nic's own address. */
export function renderRoutes(record: MachineRecord): GuestRoute[] {
  return Object.entries(record.routes).flatMap(([dst, target]): GuestRoute[] => {
    const [, kind, name] = /^(nics|macs)\[(.*)\]$/.exec(target) ?? []
    if (name === undefined) return [{ linklocal: false, dst, gateway: target }]
    const nic = kind === 'nics' ? record.nics[Number(name)] : record.nics.find(({ mac }) => mac.toLowerCase() === name.toLowerCase())
    const own = nic?.ips.find((address) => address.includes('/'))
    return own === undefined ? [] : [{ linklocal: true, dst, gateway: own.slice(0, own.indexOf('/')) }]
  })
}

function checkKey(key: string, record: MachineRecord): string | null {
  if (key.startsWith('sdc:')) return 'Cannot update the "sdc" Namespace.'
  const namespace = findNamespace(key, record)
  if (namespace !== undefined) return `Cannot update the "${namespace}" Namespace.`
  if (key === '' || Buffer.byteLength(key) > metadataLimits.keyBytes) return `A key has 1 to ${metadataLimits.keyBytes} bytes.`
  if (key === '__proto__' || hasControlCharacter(key)) return 'A key is printable text on one line.'
  return null
}

function checkSize(record: MachineRecord, store: MetadataStore, change: { key: string; value: string }): string | null {
  const before = measure(record.customer_metadata) + measure(record.internal_metadata)
  const known = Object.hasOwn(record[store], change.key)
  const old = known ? measure({ [change.key]: record[store][change.key] ?? '' }) : 0
  const after = before - old + measure({ [change.key]: change.value })
  // An operator may have set more than this; the guest may then still shrink it.
  if (after > metadataLimits.totalBytes && after > before) return `The metadata of a machine may have ${metadataLimits.totalBytes} bytes in all.`
  const keys = Object.keys(record.customer_metadata).length + Object.keys(record.internal_metadata).length
  return !known && keys >= metadataLimits.keys ? `The metadata of a machine may have ${metadataLimits.keys} keys.` : null
}

function measure(map: ScalarMap): number {
  return Object.entries(map).reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(String(value)), 0)
}

function findStore(key: string, record: MachineRecord): MetadataStore {
  return isInternal(key, record) || key === 'operator-script' ? 'internal_metadata' : 'customer_metadata'
}

function isInternal(key: string, record: MachineRecord): boolean {
  return key.endsWith('_pw') || findNamespace(key, record) !== undefined
}

function findNamespace(key: string, record: MachineRecord): string | undefined {
  return record.internal_metadata_namespaces?.find((namespace) => key.startsWith(`${namespace}:`))
}

function hasControlCharacter(key: string): boolean {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return /[\u0000-\u001f\u007f]/.test(key)
}

function readOwn(map: object, key: string): unknown {
  return Object.hasOwn(map, key) ? (map as Record<string, unknown>)[key] : undefined
}

function renderValue(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
