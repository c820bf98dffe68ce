/** A pool the disks know of that is not imported. */
export interface ImportablePool {
  name: string
  /** Decimal digits; two pools may have one name, never one id. */
  guid: string
  /** `ONLINE`, `DEGRADED`, `UNAVAIL`, `FAULTED` … */
  state: string
  /** What ZFS says of it, in one line; '' when it is well. */
  status: string
}

/** Text of `zpool import`, which has no form for programs: fields `name: value` with lines that go on, then the disks. */
export function parseImportablePools(text: string): ImportablePool[] {
  return text
    .split(/^\s*pool: /m)
    .slice(1)
    .map((block) => {
      const fields = parseFields(`pool: ${block}`)
      const state = (fields.get('state') ?? 'UNKNOWN').split(' ')[0] ?? 'UNKNOWN'
      return { name: fields.get('pool') ?? '', guid: fields.get('id') ?? '', state, status: fields.get('status') ?? '' }
    })
    .filter((pool) => pool.name !== '' && /^\d+$/.test(pool.guid))
}

function parseFields(block: string): Map<string, string> {
  const fields = new Map<string, string>()
  let last = ''
  for (const line of block.split('\n')) {
    const [, name, value] = /^\s*(pool|id|state|status|action|see|comment|config):\s*(.*)$/.exec(line) ?? []
    if (name === 'config') break
    if (name !== undefined && !fields.has(name)) fields.set((last = name), value?.trim() ?? '')
    else if (last !== '' && line.trim() !== '') fields.set(last, `${fields.get(last)} ${line.trim()}`)
  }
  return fields
}

export interface ListedPool {
  name: string
  guid: string
  health: string
}

/** Rows of `zpool list -H -p -o name,guid,health`. */
export function parsePools(text: string): ListedPool[] {
  return parseRows(text).map(([name = '', guid = '', health = '']) => ({ name, guid, health }))
}

/** Rows of `zpool list -H -v -P`: a pool, then its devices after a tab; headings (`spare`) have neither. Gives device path → pool. */
export function parseMembers(text: string): Map<string, string> {
  const members = new Map<string, string>()
  let pool = ''
  for (const [first = '', second] of parseRows(text)) {
    if (first === '' && second?.startsWith('/dev/') === true) members.set(second, pool)
    else if (first !== '' && second !== undefined) pool = first
  }
  return members
}

export interface PoolTop {
  name: string
  /** Encrypted, and the passphrase has not been given. */
  locked: boolean
  /** Its making was broken off. */
  unfinished: boolean
}

/** Rows of `zfs list -d 0` with our columns. */
export function parseTops(text: string): PoolTop[] {
  return parseRows(text).map(([name = '', key, unfinished]) => ({ name, locked: key === 'unavailable', unfinished: unfinished === 'yes' }))
}

export interface Mountable {
  name: string
  mountpoint: string
}

/** Of `zfs list` with our columns: what is to be mounted and is not; what zones mount themselves is not ours. */
export function parseMountables(text: string): Mountable[] {
  return parseRows(text)
    .filter(([, mountpoint, canmount, mounted, zoned, key]) => {
      return mountpoint?.startsWith('/') === true && canmount === 'on' && mounted === 'no' && zoned !== 'on' && key !== 'unavailable'
    })
    .map(([name = '', mountpoint = '']) => ({ name, mountpoint }))
}

function parseRows(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'))
}
