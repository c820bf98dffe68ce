import { parseAddress, parseCidr, parseNetmask, renderAddress, renderCidr } from '#lib/cidr.ts'

/** A nic tag of the settings: where guests' nics are attached. */
export interface TagSetting {
  name: string
  /** MAC in lower case, name of an aggregation, or null when the settings name none. */
  link: string | null
  mtu: number
}

/** An address of the node on a tag. `admin` and `external0` in SmartOS's words. */
export interface InterfaceSetting {
  name: string
  tag: string
  /** 0 = untagged. */
  vlan: number
  mac: string | null
  /** `dhcp`, a CIDR, or null. */
  ip4: string | null
  gateway4: string | null
  /** `addrconf`, a CIDR, or null. */
  ip6: string | null
  gateway6: string | null
}

export interface AggregationSetting {
  name: string
  macs: readonly string[]
  lacp: 'off' | 'active' | 'passive'
  mtu: number
}

export interface NetworkSettings {
  tags: readonly TagSetting[]
  interfaces: readonly InterfaceSetting[]
  aggregations: readonly AggregationSetting[]
  etherstubs: readonly string[]
  /** The node's default route, when the settings name one. */
  defaultGateway: string | null
  /** Name servers are in the settings, so that those DHCP offers are not taken. */
  hasResolvers: boolean
  problems: readonly string[]
}

type Values = ReadonlyMap<string, string>

const defaultMtu = 1500

/** Reads the network out of the values of /usbkey/config (smartos-node reference 5.2). The admin tag is always there. */
export function parseNetworkSettings(values: Values): NetworkSettings {
  const problems: string[] = []
  const tags = parseTags(values)
  const admin = parseInterface(values, { prefix: 'admin', name: 'admin', tag: 'admin' }, problems)
  const others = parseInterfaces(values, tags, problems)
  return {
    tags,
    interfaces: [{ ...admin, ip4: values.has('admin_ip') ? admin.ip4 : 'dhcp' }, ...others],
    aggregations: parseAggregations(values),
    etherstubs: listOf(values.get('etherstub')),
    defaultGateway: given(values.get('headnode_default_gateway')) ?? given(values.get('admin_gateway')),
    hasResolvers: listOf(values.get('dns_resolvers')).length > 0,
    problems,
  }
}

/** Items of a list with commas or blanks between. */
export function listOf(text: string | undefined): string[] {
  return (text ?? '').split(/[ ,]+/).filter((item) => item !== '')
}

/** MAC in lower case, each part with two digits. */
export function normalMac(text: string): string {
  return text
    .toLowerCase()
    .split(':')
    .map((part) => part.padStart(2, '0'))
    .join(':')
}

function parseTags(values: Values): TagSetting[] {
  const names = [...values.keys()].flatMap((key) => /^([A-Za-z0-9_]+)_nic$/.exec(key)?.[1] ?? [])
  return ['admin', ...names.filter((name) => name !== 'admin').sort()].map((name) => {
    const link = values.get(`${name}_nic`)
    return { name, link: link === undefined ? null : link.includes(':') ? normalMac(link) : link, mtu: mtuOf(values.get(`${name}_mtu`)) }
  })
}

function mtuOf(text: string | undefined): number {
  const mtu = Number(text ?? defaultMtu)
  return mtu >= 576 && mtu <= 9000 ? mtu : defaultMtu
}

/** `external_ip` and `external0_ip` are the same interface; `net0_ip` is on the tag net0 when there is one, else on net. */
function parseInterfaces(values: Values, tags: readonly TagSetting[], problems: string[]): InterfaceSetting[] {
  const found = new Map<string, InterfaceSetting>()
  for (const key of values.keys()) {
    const prefix = /^([A-Za-z0-9_]+)_ip6?$/.exec(key)?.[1]
    if (prefix === undefined || prefix === 'admin') continue
    const place = placeOf(prefix, tags)
    if (place === null) problems.push(`${key} of /usbkey/config is not applied: no ${prefix.replace(/\d+$/, '')}_nic says which link that is.`)
    else if (!found.has(place.name)) found.set(place.name, parseInterface(values, { prefix, ...place }, problems))
  }
  return [...found.values()].filter(({ ip4, ip6 }) => ip4 !== null || ip6 !== null)
}

function placeOf(prefix: string, tags: readonly TagSetting[]): { name: string; tag: string } | null {
  if (tags.some(({ name }) => name === prefix)) return { name: `${prefix}0`, tag: prefix }
  const tag = prefix.replace(/\d+$/, '')
  return tags.some(({ name }) => name === tag) ? { name: prefix, tag } : null
}

function parseInterface(values: Values, { prefix, name, tag }: { prefix: string; name: string; tag: string }, problems: string[]): InterfaceSetting {
  const value = (key: string): string | undefined => given(values.get(`${prefix}_${key}`)) ?? undefined
  const mac = value('mac')
  return {
    name,
    tag,
    vlan: Number(value('vlan_id') ?? 0),
    mac: mac === undefined ? null : normalMac(mac),
    ip4: parseIp4(value('ip'), value('netmask'), { key: `${prefix}_ip`, problems }),
    gateway4: value('gateway') ?? null,
    ip6: parseIp6(value('ip6'), { key: `${prefix}_ip6`, problems }),
    gateway6: value('gateway6') ?? null,
  }
}

/** null for what is absent, empty or `none`. */
function given(text: string | undefined): string | null {
  return text === undefined || text === '' || text === 'none' ? null : text
}

function parseIp4(ip: string | undefined, netmask: string | undefined, where: { key: string; problems: string[] }): string | null {
  if (ip === undefined) return null
  if (ip === 'dhcp') return 'dhcp'
  const cidr = parseCidr(ip)
  if (cidr !== null) return renderCidr(cidr)
  const address = parseAddress(ip)
  if (address === null) {
    where.problems.push(`${where.key} of /usbkey/config is not applied: "${ip}" is no address.`)
    return null
  }
  const prefix = netmask === undefined ? null : parseNetmask(netmask)
  if (prefix === null) where.problems.push(`${where.key} of /usbkey/config has no netmask that can be read: /24 is taken.`)
  return `${renderAddress(address)}/${prefix ?? 24}`
}

function parseIp6(ip: string | undefined, where: { key: string; problems: string[] }): string | null {
  if (ip === undefined || ip === 'addrconf') return ip ?? null
  const cidr = parseCidr(ip)
  if (cidr === null) where.problems.push(`${where.key} of /usbkey/config is not applied: "${ip}" is no address with a prefix.`)
  return cidr === null ? null : renderCidr(cidr)
}

function parseAggregations(values: Values): AggregationSetting[] {
  return [...values].flatMap(([key, value]): AggregationSetting[] => {
    const name = /^(aggr\d+)_aggr$/.exec(key)?.[1]
    if (name === undefined) return []
    const lacp = values.get(`${name}_lacp_mode`)
    return [{ name, macs: listOf(value).map(normalMac), lacp: lacp === 'active' || lacp === 'passive' ? lacp : 'off', mtu: mtuOf(values.get(`${name}_mtu`)) }]
  })
}
