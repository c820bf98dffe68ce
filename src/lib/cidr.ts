/** An IPv4 or IPv6 address as a number. */
export interface Address {
  family: 4 | 6
  value: bigint
}

/** An address with the length of its subnet's prefix, as in `10.0.0.2/24`: host bits are kept. */
export interface Cidr extends Address {
  prefix: number
}

/** null when `text` is neither an IPv4 nor an IPv6 address. Octets with leading zeros and zone ids are refused. */
export function parseAddress(text: string): Address | null {
  if (text.length > 45) return null
  if (text.includes(':')) return parseIPv6(text)
  const value = parseIPv4(text)
  return value === null ? null : { family: 4, value }
}

/** null when `text` is not ADDRESS/PREFIX. */
export function parseCidr(text: string): Cidr | null {
  const slash = text.indexOf('/')
  if (slash < 0) return null
  const address = parseAddress(text.slice(0, slash))
  const digits = text.slice(slash + 1)
  if (address === null || !/^(0|[1-9]\d{0,2})$/.test(digits)) return null
  const prefix = Number(digits)
  return prefix > bitsOf(address.family) ? null : { ...address, prefix }
}

/** Length of the prefix a dotted netmask stands for (`255.255.255.0` is 24); null when its ones are not in one run. */
export function parseNetmask(text: string): number | null {
  const value = parseIPv4(text)
  if (value === null) return null
  const bits = value.toString(2).padStart(32, '0')
  return /^1*0*$/.test(bits) ? bits.lastIndexOf('1') + 1 : null
}

/** Dotted netmask of an IPv4 prefix. */
export function renderNetmask(prefix: number): string {
  return renderIPv4(maskOf(4, prefix))
}

/** Canonical text: dotted, or RFC 5952 for IPv6. */
export function renderAddress(address: Address): string {
  return address.family === 4 ? renderIPv4(address.value) : renderIPv6(address.value)
}

export function renderCidr(cidr: Cidr): string {
  return `${renderAddress(cidr)}/${cidr.prefix}`
}

/** First address of the subnet. */
export function networkOf(cidr: Cidr): Address {
  return { family: cidr.family, value: cidr.value & maskOf(cidr.family, cidr.prefix) }
}

/** True when `address` lies in the subnet of `cidr`. */
export function isInSubnet(address: Address, cidr: Cidr): boolean {
  return address.family === cidr.family && (address.value & maskOf(cidr.family, cidr.prefix)) === networkOf(cidr).value
}

/** True for an IPv4 subnet's first or last address, which no host can have. Never for /31, /32 and IPv6. */
export function isNetworkOrBroadcast(cidr: Cidr): boolean {
  if (cidr.family === 6 || cidr.prefix > 30) return false
  const host = cidr.value & ~maskOf(4, cidr.prefix)
  return host === 0n || host === (1n << BigInt(32 - cidr.prefix)) - 1n
}

/** True for addresses a nic may carry: not unspecified, loopback, multicast or reserved. */
export function isUnicast(address: Address): boolean {
  return !isInAny(address, notUnicast)
}

/** True for unicast addresses of the public Internet. */
export function isPublic(address: Address): boolean {
  return isUnicast(address) && !isInAny(address, notPublic)
}

const notUnicast = subnets('0.0.0.0/8', '127.0.0.0/8', '224.0.0.0/3', '::/128', '::1/128', 'ff00::/8')
const notPublic = subnets('10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16', '100.64.0.0/10', 'fc00::/7', 'fe80::/10')

function subnets(...texts: string[]): Cidr[] {
  return texts.map(parseCidr).filter((cidr) => cidr !== null)
}

function isInAny(address: Address, ranges: readonly Cidr[]): boolean {
  return ranges.some((range) => isInSubnet(address, range))
}

function bitsOf(family: 4 | 6): number {
  return family === 4 ? 32 : 128
}

function maskOf(family: 4 | 6, prefix: number): bigint {
  const bits = bitsOf(family)
  return ((1n << BigInt(prefix)) - 1n) << BigInt(bits - prefix)
}

function parseIPv4(text: string): bigint | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (match === null) return null
  let value = 0n
  for (const octet of match.slice(1)) {
    if (Number(octet) > 255 || (octet.length > 1 && octet.startsWith('0'))) return null
    value = (value << 8n) | BigInt(octet)
  }
  return value
}

function parseIPv6(text: string): Address | null {
  const halves = text.split('::')
  if (halves.length > 2) return null
  const head = parseGroups(halves[0] ?? '', halves.length === 1)
  const tail = halves.length === 1 ? [] : parseGroups(halves[1] ?? '', true)
  if (head === null || tail === null) return null
  const gap = 8 - head.length - tail.length
  if (halves.length === 1 ? gap !== 0 : gap < 1) return null
  const groups = [...head, ...Array<number>(gap).fill(0), ...tail]
  return { family: 6, value: groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n) }
}

/** Groups of one side of `::`; the last may be a dotted IPv4 address when the side ends the text. */
function parseGroups(text: string, atEnd: boolean): number[] | null {
  if (text === '') return []
  const parts = text.split(':')
  const groups: number[] = []
  for (const [index, part] of parts.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16))
    else {
      const dotted = atEnd && index === parts.length - 1 ? parseIPv4(part) : null
      if (dotted === null) return null
      groups.push(Number(dotted >> 16n), Number(dotted & 0xffffn))
    }
  }
  return groups
}

function renderIPv4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.')
}

function renderIPv6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => Number((value >> BigInt(112 - index * 16)) & 0xffffn))
  const hex = groups.map((group) => group.toString(16))
  const { start, length } = longestZeroRun(groups)
  if (length < 2) return hex.join(':')
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  for (let start = 0; start < groups.length; start++) {
    let length = 0
    while (groups[start + length] === 0) length++
    if (length > best.length) best = { start, length }
  }
  return best
}
