import { AppError } from '#contracts/errors.ts'

export interface ZfsDataset {
  /** Full, with the pool. */
  name: string
  mountpoint: string
  /** Full name of a snapshot. */
  origin: string | null
  used_bytes: number
  quota_bytes: number | null
  created_at: string
}

export interface ZfsSnapshot {
  dataset: string
  snapshot: string
  used_bytes: number
  created_at: string
  /** Transaction of its making: the order within a second. */
  createtxg: number
  holds: number
  clones: string[]
}

type Row = Record<string, unknown>

/**
 * Reads `zfs list -j --json-int -p -t filesystem`: `{ datasets: { NAME: { name, properties: { used: { value, source } } } } }`
 * (OpenZFS 2.3). No quota is 0; no origin is `-` or an empty text.
 */
export function parseDatasets(text: string): ZfsDataset[] {
  return parseRows(text).map(({ name, properties }) => {
    const quota = numberOf(properties, 'quota')
    const origin = textOf(properties, 'origin')
    return {
      name,
      mountpoint: textOf(properties, 'mountpoint'),
      origin: origin === '' || origin === '-' ? null : origin,
      used_bytes: numberOf(properties, 'used'),
      quota_bytes: quota === 0 ? null : quota,
      created_at: dateOf(properties),
    }
  })
}

/** Reads `zfs list -j --json-int -p -t snapshot`; newest first. */
export function parseSnapshots(text: string): ZfsSnapshot[] {
  const snapshots = parseRows(text).map(({ name, properties, row }) => {
    const [dataset = '', snapshot = ''] = name.split('@')
    return {
      dataset,
      snapshot,
      used_bytes: numberOf(properties, 'used'),
      created_at: dateOf(properties),
      createtxg: numberOf(properties, 'createtxg') || Number(row['createtxg'] ?? 0),
      holds: numberOf(properties, 'userrefs'),
      clones: textOf(properties, 'clones')
        .split(',')
        .filter((clone) => clone !== '' && clone !== '-'),
    }
  })
  return snapshots.toSorted((a, b) => b.createtxg - a.createtxg)
}

/** Reads `zfs list -j --json-int -p -r -o mountpoint,mounted,canmount POOL`: the pool's own mountpoint, and what should be mounted but is not. */
export function parseTop(text: string, pool: string): { mountpoint: string; unmounted: string[] } {
  const rows = parseRows(text)
  const top = rows.find(({ name }) => name === pool)
  const unmounted = rows.filter(
    ({ properties }) => textOf(properties, 'mountpoint').startsWith('/') && textOf(properties, 'canmount') === 'on' && textOf(properties, 'mounted') === 'no',
  )
  return { mountpoint: textOf(top?.properties ?? {}, 'mountpoint'), unmounted: unmounted.map(({ name }) => name) }
}

/** Reads `zfs list -j --json-int -p -o used,available POOL`: what the pool's datasets take and may still take. */
export function parsePoolUsage(text: string): { used_bytes: number; available_bytes: number } {
  const properties = parseRows(text)[0]?.properties ?? {}
  return { used_bytes: numberOf(properties, 'used'), available_bytes: numberOf(properties, 'available') }
}

/** Reads `zfs holds -H`: name, tag and time between tabs. */
export function parseHolds(text: string): string[] {
  return text.split('\n').flatMap((line) => line.split('\t')[1] ?? [])
}

function parseRows(text: string): { name: string; properties: Row; row: Row }[] {
  const datasets = asRow(asRow(parseJson(text))['datasets'])
  return Object.entries(datasets).map(([name, row]) => ({ name, properties: asRow(asRow(row)['properties']), row: asRow(row) }))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError('CommandFailed', 'zfs printed no JSON; this node needs OpenZFS 2.3 or later.', { cause })
  }
}

function asRow(value: unknown): Row {
  return typeof value === 'object' && value !== null ? (value as Row) : {}
}

function valueOf(properties: Row, name: string): unknown {
  return asRow(properties[name])['value']
}

function textOf(properties: Row, name: string): string {
  const value = valueOf(properties, name)
  return typeof value === 'string' ? value : ''
}

/** Numbers come as numbers with --json-int, some as texts all the same; what is none (`-`, `none`) is 0. */
function numberOf(properties: Row, name: string): number {
  const value = Number(valueOf(properties, name))
  return Number.isFinite(value) ? value : 0
}

function dateOf(properties: Row): string {
  return new Date(numberOf(properties, 'creation') * 1000).toISOString()
}
