import { AppError } from '../errors.ts'

/**
 * Fields, filters and sorting of `vmadm list` and `lookup` (reference 1.3). The command line loads this file
 * for every list, so it must stay small: no zod here.
 */

/** A machine, or a row of some of its fields by their (dotted) names. */
export type Row = object

export interface ListField {
  header: string
  width: number
}

export interface SortKey {
  field: string
  descending: boolean
}

/** `key` is a field; `*` may stand for the number of a nic or disk. */
export type Filter = { key: string; value: string } | { key: string; pattern: RegExp }

export const defaultOrder = 'uuid,type,ram,state,alias'
export const defaultSort = 'ram,uuid'

/** Width of each column; the header is the name in upper case unless given after the width. */
const columns: Readonly<Record<string, number | [number, string]>> = {
  alias: 10,
  autoboot: 8,
  billing_id: 36,
  boot_order: 10,
  boot_timestamp: 24,
  brand: 14,
  cpu_cap: 7,
  cpu_shares: [9, 'CPU_SHARE'],
  cpu_type: 8,
  create_timestamp: 24,
  dns_domain: [32, 'DOMAIN'],
  do_not_inventory: [5, 'DNI'],
  docker: 6,
  exit_status: [4, 'EXIT'],
  exit_timestamp: 24,
  firewall_enabled: 16,
  flexible_disk_size: [14, 'FLEX_DISK_SIZE'],
  free_space: 14,
  hostname: 32,
  hvm: 5,
  image_uuid: 36,
  indestructible_delegated: [12, 'INDESTR_DATA'],
  indestructible_zoneroot: [12, 'INDESTR_ROOT'],
  max_locked_memory: [10, 'MAX_LOCKED'],
  max_lwps: [7, 'MAX_LWP'],
  max_physical_memory: [8, 'MAX_PHYS'],
  max_swap: 8,
  owner_uuid: 36,
  package_name: 32,
  package_version: [11, 'PACKAGE_VER'],
  pid: 6,
  qemu_extra_opts: 15,
  quota: 5,
  ram: 7,
  state: 16,
  tmpfs: 5,
  type: 4,
  uuid: 36,
  vcpus: 5,
  zfs_io_priority: [11, 'IO_PRIORITY'],
  zone_state: 10,
  zoneid: 6,
  zonename: 12,
  zonepath: 40,
  zpool: 12,
}
const nestedWidth = 20
const nestedColumn = /^(?:nics\.\d{1,3}\.[a-z_]+|disks\.\d{1,3}\.[a-z_]+|(?:tags|customer_metadata|internal_metadata)\..+)$/s
const nestedFilter =
  /^(?:disks\.(?:\*|\d{1,3})\.(?:boot|image_name|image_size|image_uuid|size|media|model|zpool)|nics\.(?:\*|\d{1,3})\.(?:dhcp_server|gateway|interface|ip|mac|model|netmask|nic_tag|vlan_id)|(?:tags|customer_metadata|internal_metadata)\..+)$/s

/** Names of all columns but the nested ones. */
export function listFieldNames(): string[] {
  return Object.keys(columns)
}

/** null when there is no such column. */
export function readListField(name: string): ListField | null {
  const column = Object.hasOwn(columns, name) ? columns[name] : undefined
  if (column === undefined) return nestedColumn.test(name) ? { header: name.toUpperCase(), width: nestedWidth } : null
  return typeof column === 'number' ? { header: name.toUpperCase(), width: column } : { header: column[1], width: column[0] }
}

/** `-o`: names joined by commas. Usage error for unknown ones. */
export function parseOrder(text: string): string[] {
  const fields = text.split(',').map((field) => field.trim())
  for (const field of fields)
    if (readListField(field) === null)
      throw new AppError('Usage', `invalid order field: ${field}`, { hint: `fields are ${listFieldNames().join(', ')}, and nics.N.PROPERTY, tags.KEY …` })
  return fields
}

/** `-s`: names joined by commas, `-` before one for descending, `+` for ascending. Usage error for unknown ones. */
export function parseSort(text: string): SortKey[] {
  return text.split(',').map((part) => {
    const [, sign, field] = /^\s*([+-]?)(.*?)\s*$/s.exec(part) ?? []
    if (field === undefined || readListField(field) === null) throw new AppError('Usage', `invalid sort field: ${field ?? part}`)
    return { field, descending: sign === '-' }
  })
}

const longestPattern = 256

/** `KEY=VALUE` or `KEY=~REGEX` each. Usage error for unknown keys and bad expressions; `command` is for the sentence. */
export function parseFilters(texts: readonly string[], command: 'list' | 'lookup' = 'list'): Filter[] {
  return texts.map((text) => {
    const equals = text.indexOf('=')
    const key = equals < 0 ? text : text.slice(0, equals)
    const isKey = (Object.hasOwn(columns, key) || nestedFilter.test(key)) && equals >= 0
    if (!isKey) throw new AppError('Usage', `Invalid ${command === 'list' ? 'filter' : 'lookup'} key: "${key}"`, equals < 0 ? { hint: 'write KEY=VALUE' } : {})
    const value = text.slice(equals + 1)
    return value.startsWith('~') ? { key, pattern: parsePattern(key, value.slice(1)) } : { key, value: isMacKey(key) ? normalMac(value) : value }
  })
}

function parsePattern(key: string, source: string): RegExp {
  if (source.length > longestPattern) throw new AppError('Usage', `The expression for ${key} is longer than ${longestPattern} characters.`)
  try {
    return new RegExp(source, 'i')
  } catch (cause) {
    throw new AppError('Usage', `The filter of ${key} is not a regular expression: ${source}`, { cause })
  }
}

function isMacKey(key: string): boolean {
  return key.startsWith('nics.') && key.endsWith('.mac')
}

function normalMac(text: string): string {
  return text
    .toLowerCase()
    .split(/[:-]/)
    .map((byte) => byte.padStart(2, '0'))
    .join(':')
}

/**
 * The value of a field, dots reaching inside (`nics.0.ip`, `tags.role`); undefined when there is none. `ram` of
 * a container is its max_physical_memory.
 */
export function readField(row: Row, field: string): unknown {
  const own = property(row, field)
  if (own !== undefined || Object.hasOwn(row, field)) return own
  if (field === 'ram') return property(row, 'max_physical_memory')
  const dot = field.indexOf('.')
  if (dot < 0) return undefined
  const outer = property(row, field.slice(0, dot))
  const rest = field.slice(dot + 1)
  return typeof outer === 'object' && outer !== null ? readField(outer, rest) : undefined
}

function property(row: object, name: string): unknown {
  return Object.hasOwn(row, name) ? Reflect.get(row, name) : undefined
}

/** Top-level properties of a machine that showing the fields takes. */
export function requiredTopLevel(fields: readonly string[]): Set<string> {
  const names = new Set(fields.map((field) => field.split('.')[0] ?? field))
  if (names.has('ram')) names.add('max_physical_memory')
  return names
}

/** A match looks at no more of a value than this. */
const longestMatched = 4096

/** True when the row passes all filters. A missing field passes none. */
export function matchesFilters(row: Row, filters: readonly Filter[]): boolean {
  return filters.every((filter) => readFiltered(row, filter.key).some((value) => matches(value, filter)))
}

/** With `*`, the value of every item. */
function readFiltered(row: Row, key: string): unknown[] {
  const [list, index, rest] = key.split('.')
  if (index !== '*' || list === undefined || rest === undefined) return [readField(row, key)]
  const items = readField(row, list)
  return Array.isArray(items) ? items.map((item: unknown) => (typeof item === 'object' && item !== null ? readField(item, rest) : undefined)) : []
}

function matches(value: unknown, filter: Filter): boolean {
  if (value === undefined || value === null) return false
  const text = renderValue(value)
  return 'pattern' in filter ? filter.pattern.test(text.slice(0, longestMatched)) : text === filter.value
}

/** A new array; missing values come last either way, numbers before text. */
export function sortMachines<R extends Row>(rows: readonly R[], sort: readonly SortKey[]): R[] {
  return rows.toSorted((a, b) => {
    for (const { field, descending } of sort) {
      const order = compareValues(readField(a, field), readField(b, field), descending)
      if (order !== 0) return order
    }
    return 0
  })
}

function compareValues(a: unknown, b: unknown, descending: boolean): number {
  const [aMissing, bMissing] = [a === undefined || a === null, b === undefined || b === null]
  if (aMissing || bMissing) return Number(aMissing) - Number(bMissing)
  const order = typeof a === 'number' && typeof b === 'number' ? a - b : compareText(renderValue(a), renderValue(b))
  return descending ? -order : order
}

function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

export interface TableOptions {
  order: readonly string[]
  /** `-H` leaves the header out. */
  header: boolean
  /** `-p`: fields joined by colons, nothing escaped, no header, empty for missing. */
  parsable: boolean
}

/** The text of `vmadm list`, each line ended by a newline; '' for nothing. */
export function renderTable(rows: readonly Row[], { order, header, parsable }: TableOptions): string {
  const fields = order.map((name) => ({ name, ...(readListField(name) ?? { header: name.toUpperCase(), width: nestedWidth }) }))
  const lines = rows.map((row) => {
    const cells = fields.map(({ name }) => renderCell(name, readField(row, name)))
    return parsable ? cells.join(':') : renderLine(cells.map((cell, index) => [cell === '' ? '-' : cell, fields[index]?.width ?? 0]))
  })
  if (header && !parsable) lines.unshift(renderLine(fields.map((field) => [field.header, field.width])))
  return lines.map((line) => `${line}\n`).join('')
}

function renderLine(cells: readonly [text: string, width: number][]): string {
  return cells
    .map(([text, width]) => text.padEnd(width))
    .join('  ')
    .trimEnd()
}

function renderCell(name: string, value: unknown): string {
  if (value === undefined || value === null) return ''
  const text = renderValue(value)
  return name === 'type' ? text.slice(0, 4) : text
}

function renderValue(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
