import type { Nic } from '#contracts/machine/record.ts'
import type { Item } from './check-items.ts'
import { planNicAddresses } from './nic-addresses.ts'
import type { Problem } from './problems.ts'

/** A nic on its way: `mac` and `interface` may still be to choose. */
export interface NicDraft {
  /** Where the payload speaks of it: `nics.0`, `add_nics.1`; its place in the record else. */
  path: string
  nic: Omit<Nic, 'mac' | 'interface' | 'primary'> & Partial<Pick<Nic, 'mac' | 'interface'>>
  /** `asked`: the payload makes it primary; `was`: it was primary before. */
  primary: 'asked' | 'was' | 'no'
  /** The payload names it, so that it is checked against the node and the other machines. */
  touched: boolean
}

const plainFields = [
  'nic_tag',
  'vlan_id',
  'mtu',
  'model',
  'network_uuid',
  'allow_dhcp_spoofing',
  'allow_ip_spoofing',
  'allow_mac_spoofing',
  'allow_restricted_traffic',
  'allow_unfiltered_promisc',
  'allowed_ips',
  'allowed_dhcp_cids',
  'blocked_outgoing_ports',
  'dhcp_server',
  'vrrp_vrid',
  'vrrp_primary_ip',
] as const satisfies readonly (keyof Nic)[]

/** One nic of a payload, over the nic it changes if there is one. */
export function planNicDraft(item: Item, base: Nic | null): { draft: NicDraft; problems: Problem[]; warnings: string[] } {
  // The table of properties has checked the type of each value.
  const given = item.values as Partial<Nic>
  const { addresses, problems, warnings } = planNicAddresses(item, base)
  const fields = planPlainFields(item, given, base)
  if (fields.nic_tag === undefined && !item.bad.has('nic_tag'))
    problems.push({ path: `${item.path}.nic_tag`, message: 'invalid or missing .nic_tag option for NIC' })
  const mac = base === null ? planMac(item, given, problems) : base.mac
  if (base !== null) problems.push(...checkSameVrid(item, fields.vrrp_vrid, base))
  const nic = { ...pick('interface', base === null ? given.interface : base.interface), ...pick('mac', mac), ...fields, ...addresses }
  // Without a tag there is a problem, so that this nic is never used.
  const complete = { ...nic, nic_tag: fields.nic_tag ?? '' }
  return { draft: { path: item.path, nic: complete, primary: primaryOf(given, base), touched: true }, problems, warnings }
}

type PlainFields = Partial<Pick<Nic, (typeof plainFields)[number]>>

function planPlainFields(item: Item, given: Partial<Nic>, base: Nic | null): PlainFields {
  const fields: Partial<Record<keyof Nic, unknown>> = {}
  for (const name of plainFields) {
    const value = given[name] ?? (item.unset.has(name) ? undefined : base?.[name])
    if (value !== undefined) fields[name] = value
  }
  return fields as PlainFields
}

function checkSameVrid(item: Item, vrid: number | undefined, base: Nic): Problem[] {
  if (vrid === base.vrrp_vrid) return []
  return [
    { path: `${item.path}.vrrp_vrid`, message: `${item.path}.vrrp_vrid cannot be changed, since the MAC follows from it; remove the nic and add another.` },
  ]
}

function primaryOf(given: Partial<Nic>, base: Nic | null): NicDraft['primary'] {
  if (given.primary === true) return 'asked'
  return base?.primary === true ? 'was' : 'no'
}

/** The MAC given or following from the VRID; undefined when one is to be made. */
function planMac(item: Item, given: Partial<Nic>, problems: Problem[]): string | undefined {
  const mac = given.mac === undefined ? undefined : canonicalMac(given.mac)
  if (mac !== undefined && (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1) {
    problems.push({ path: `${item.path}.mac`, message: `${item.path}.mac ${mac} is a multicast address, which no nic can have.` })
  }
  if (mac === '00:00:00:00:00:00') problems.push({ path: `${item.path}.mac`, message: `${item.path}.mac must not be all zero.` })
  if (given.vrrp_vrid === undefined) return mac
  const vrrpMac = `00:00:5e:00:01:${given.vrrp_vrid.toString(16).padStart(2, '0')}`
  if (mac !== undefined && mac !== vrrpMac)
    problems.push({ path: `${item.path}.mac`, message: `${item.path}.mac cannot be given together with vrrp_vrid: it is ${vrrpMac}.` })
  return vrrpMac
}

/** Lower case, two digits a byte. */
export function canonicalMac(mac: string): string {
  return mac
    .toLowerCase()
    .split(':')
    .map((byte) => byte.padStart(2, '0'))
    .join(':')
}

function pick<Name extends string, Value>(name: Name, value: Value | undefined): Partial<Record<Name, Value>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, Value>)
}
