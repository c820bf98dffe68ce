import type { Nic } from '#contracts/machine/record.ts'
import {
  type Cidr,
  isInSubnet,
  isNetworkOrBroadcast,
  isUnicast,
  parseAddress,
  parseCidr,
  parseNetmask,
  renderAddress,
  renderCidr,
  renderNetmask,
} from '#lib/cidr.ts'
import type { Item } from './check-items.ts'
import type { Problem } from './problems.ts'

/** The address fields of a nic, both in list form and in the old form. */
export type NicAddresses = Pick<Nic, 'ips' | 'ip' | 'netmask' | 'gateways' | 'gateway'>

/** What a payload may say of addresses; the table of properties has checked each. */
interface AddressValues {
  ips?: string[]
  ip?: string
  netmask?: string
  gateways?: string[]
  gateway?: string
}

/**
 * Addresses and gateways of a nic, from the list form (`ips`, `gateways`) or the old one (`ip`, `netmask`,
 * `gateway`); the list form wins. With `base`, what the item does not name stays.
 */
export function planNicAddresses(item: Item, base: NicAddresses | null): { addresses: NicAddresses; problems: Problem[]; warnings: string[] } {
  const values = item.values as AddressValues
  const isBad = ['ips', 'ip', 'netmask'].some((name) => item.bad.has(name))
  const { ips: given, problems } = isBad ? { ips: [], problems: [] } : planIps(item, values, base?.ips ?? [])
  const ips = given.map(canonical)
  problems.push(...checkIps(ips, item.path))
  const gateways = planGateways(item, values, base?.gateways ?? []).map(canonicalAddress)
  const addresses = { ips, ...legacyAddress(ips), ...(gateways.length === 0 ? {} : { gateways, ...legacyGateway(gateways) }) }
  const contradicts = values.ips !== undefined && values.ip !== undefined && values.ip !== addresses.ip
  const warnings = contradicts ? [`${item.path}.ip ${values.ip} is not the first IPv4 address of ips and is ignored.`] : []
  return { addresses, problems, warnings: isBad ? warnings : [...warnings, ...gatewayWarnings(addresses, item.path)] }
}

function planIps(item: Item, values: AddressValues, base: string[]): { ips: string[]; problems: Problem[] } {
  if (values.ips !== undefined) return { ips: values.ips, problems: [] }
  if (item.unset.has('ips')) return { ips: [], problems: [] }
  const old = base.find(isIPv4Entry)
  if (values.ip === undefined && values.netmask === undefined) {
    return { ips: item.unset.has('ip') && old !== undefined ? base.filter((entry) => entry !== old) : base, problems: [] }
  }
  const entry = planLegacyEntry(values, old)
  if (entry === null) {
    const [field, why] = values.netmask === undefined ? ['netmask', 'an address needs its netmask'] : ['ip', 'a netmask needs its address']
    const known = values.netmask !== undefined && parseNetmask(values.netmask) === null
    if (known)
      return {
        ips: base,
        problems: [{ path: `${item.path}.netmask`, message: `${item.path}.netmask must be a netmask such as 255.255.255.0, but is "${values.netmask}".` }],
      }
    return { ips: base, problems: [{ path: `${item.path}.${field}`, message: `${item.path}.${field} is missing: ${why}.`, missing: true }] }
  }
  return { ips: old === undefined ? [entry, ...base] : base.map((one) => (one === old ? entry : one)), problems: [] }
}

/** The entry of `ips` that `ip` and `netmask` stand for, the parts not given from the old entry; null when parts are missing. */
function planLegacyEntry(values: AddressValues, old: string | undefined): string | null {
  if (values.ip === 'dhcp') return 'dhcp'
  const oldCidr = old === undefined ? null : parseCidr(old)
  const ip = values.ip ?? (oldCidr === null ? undefined : renderAddress(oldCidr))
  const prefix = values.netmask === undefined ? oldCidr?.prefix : (parseNetmask(values.netmask) ?? undefined)
  return ip === undefined || prefix === undefined ? null : `${ip}/${prefix}`
}

function planGateways(item: Item, values: AddressValues, base: string[]): string[] {
  if (values.gateways !== undefined) return values.gateways
  if (item.unset.has('gateways')) return []
  const others = base.filter((gateway) => gateway.includes(':'))
  if (values.gateway !== undefined) return [values.gateway, ...others]
  return item.unset.has('gateway') ? others : base
}

function checkIps(ips: readonly string[], path: string): Problem[] {
  return ips.flatMap((entry, index) => {
    const why = whyUnusable(entry) ?? (ips.indexOf(entry) < index ? 'is given twice' : null)
    return why === null ? [] : [{ path: `${path}.ips.${index}`, message: `${path}.ips.${index} ${entry} ${why}.` }]
  })
}

function whyUnusable(entry: string): string | null {
  const cidr = parseCidr(entry)
  if (cidr === null) return entry === 'dhcp' || entry === 'addrconf' ? null : 'is not an address with its prefix'
  if (!isUnicast(cidr)) return 'is not an address a nic can have'
  return isNetworkOrBroadcast(cidr) ? 'is the first or last address of its subnet, which no nic can have' : null
}

function gatewayWarnings({ ips, gateways = [] }: NicAddresses, path: string): string[] {
  const own = ips.map(parseCidr).filter((cidr) => cidr !== null)
  return gateways.flatMap((text) => {
    const gateway = parseAddress(text)
    if (gateway === null || text.startsWith('fe80:') || ips.includes(gateway.family === 4 ? 'dhcp' : 'addrconf')) return []
    if (own.some((cidr) => renderAddress(cidr) === text)) return [`${path}: the gateway ${text} is the nic’s own address.`]
    return own.some((cidr: Cidr) => isInSubnet(gateway, cidr)) ? [] : [`${path}: the gateway ${text} is in no subnet of the nic’s addresses.`]
  })
}

function legacyAddress(ips: readonly string[]): Pick<Nic, 'ip' | 'netmask'> {
  const first = ips.find(isIPv4Entry)
  if (first === undefined) return {}
  const cidr = parseCidr(first)
  return cidr === null ? { ip: 'dhcp' } : { ip: renderAddress(cidr), netmask: renderNetmask(cidr.prefix) }
}

function legacyGateway(gateways: readonly string[]): Pick<Nic, 'gateway'> {
  const first = gateways.find((gateway) => !gateway.includes(':'))
  return first === undefined ? {} : { gateway: first }
}

function isIPv4Entry(entry: string): boolean {
  return entry === 'dhcp' || (entry !== 'addrconf' && !entry.includes(':'))
}

function canonical(entry: string): string {
  const cidr = parseCidr(entry)
  return cidr === null ? entry : renderCidr(cidr)
}

function canonicalAddress(text: string): string {
  const address = parseAddress(text)
  return address === null ? text : renderAddress(address)
}
