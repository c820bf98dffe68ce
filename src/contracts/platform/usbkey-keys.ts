/** The keys of `/usbkey/config` this platform heeds, with the form of their values. What a value means beyond its form is for who applies it. */

export interface KeyForm {
  pattern: RegExp
  /** Ends the sentence `"x" is not right: …`. */
  expected: string
}

export interface HeededKey {
  /** As shown in documents; `TAG` and `N` stand for a name and a number. */
  name: string
  /** Which keys it is. */
  matches: RegExp
  form: KeyForm
  meaning: string
}

const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const ip4 = `${octet}(?:\\.${octet}){3}`
// The form only: which groups make an address is checked by who applies it.
const ip6 = '[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?::' + ip4 + ')?'
const mac = '[0-9A-Fa-f]{1,2}(?::[0-9A-Fa-f]{1,2}){5}'
const name = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?'
const domain = `${name}(?:\\.${name})*`

function form(pattern: string, expected: string): KeyForm {
  return { pattern: new RegExp(`^(?:${pattern})$`), expected }
}

function listOf(item: string): string {
  return `(?:${item})?(?:[ ,]+(?:${item}))*`
}

const forms = {
  link: form(`${mac}|aggr\\d{1,4}`, 'a MAC address such as 52:54:00:12:34:56, or an aggregation such as aggr0'),
  address: form(`dhcp|none|${ip4}(?:/(?:[12]?\\d|3[0-2]))?`, 'dhcp, none, or an IPv4 address such as 10.0.0.2 or 10.0.0.2/24'),
  address6: form(`none|addrconf|${ip6}/\\d{1,3}`, 'addrconf, none, or an IPv6 address with its prefix such as fd00::2/64'),
  netmask: form(ip4, 'a netmask such as 255.255.255.0'),
  gateway: form(`none|${ip4}`, 'an IPv4 address or none'),
  gateway6: form(`none|${ip6}`, 'an IPv6 address or none'),
  mtu: form('[1-9]\\d{2,3}', 'a number of bytes from 576 to 9000, such as 1500'),
  vlan: form('\\d{1,4}', 'a VLAN number from 0 to 4094'),
  mac: form(mac, 'a MAC address such as 52:54:00:12:34:56'),
  resolvers: form(listOf(`${ip4}|${ip6}`), 'IP addresses with commas between'),
  hosts: form(listOf(`${domain}|${ip4}|${ip6}`), 'host names or IP addresses with commas between'),
  domain: form(`(?:${domain})?`, 'a domain such as example.com'),
  domains: form(listOf(domain), 'domains such as example.com with commas between'),
  hostname: form(domain, 'letters, digits, - and . only, as in node01'),
  path: form('/[^\\0]{1,255}|[A-Za-z0-9._-]{1,255}', 'a path, or the name of a file in /usbkey'),
  stubs: form(listOf('[A-Za-z0-9_]{1,30}'), 'names of letters, digits and _ with commas between'),
  macs: form(`${mac}(?:[ ,]+${mac})*`, 'MAC addresses with commas between'),
  lacp: form('off|active|passive', 'off, active or passive'),
  shadow: form('[$A-Za-z0-9./=,*!-]{1,255}', 'a password hash as in /etc/shadow, in single quotes'),
  keymap: form('[A-Za-z0-9._-]{1,40}', 'the name of a keyboard layout such as us or de'),
} as const

function key(shown: string, keyForm: KeyForm, meaning: string): HeededKey {
  const pattern = shown.replaceAll('TAG', '[A-Za-z0-9_]{1,30}?').replaceAll('N', '\\d{1,4}')
  return { name: shown, matches: new RegExp(`^${pattern}$`), form: keyForm, meaning }
}

/** The first that matches counts. */
export const heededKeys: readonly HeededKey[] = [
  key('hostname', forms.hostname, 'name of the node'),
  key('dns_resolvers', forms.resolvers, 'name servers'),
  key('dns_domain', forms.domain, 'domain of the node; searched first'),
  key('dns_search', forms.domains, 'domains searched (ours)'),
  key('ntp_hosts', forms.hosts, 'time servers'),
  key('default_keymap', forms.keymap, 'keyboard layout of the console'),
  key('root_authorized_keys_file', forms.path, 'file in /usbkey with the public keys that may log in as root'),
  key('root_shadow', forms.shadow, "hash of root's password"),
  key('headnode_default_gateway', forms.gateway, 'default route'),
  key('admin_gateway', forms.gateway, 'default route when headnode_default_gateway is not there'),
  key('admin_gateway6', forms.gateway6, 'IPv6 default route'),
  key('etherstub', forms.stubs, 'nic tags without hardware'),
  key('aggrN_aggr', forms.macs, 'links joined to aggregation N'),
  key('aggrN_lacp_mode', forms.lacp, 'LACP of aggregation N'),
  key('aggrN_mtu', forms.mtu, 'MTU of aggregation N'),
  key('TAGN_vlan_id', forms.vlan, 'VLAN of the interface TAGN of the node'),
  key('TAG_vlan_id', forms.vlan, 'VLAN of the first interface of the node on TAG'),
  key('TAG_nic', forms.link, 'nic tag TAG: MAC of its link, or an aggregation'),
  key('TAG_mtu', forms.mtu, 'MTU of the nic tag'),
  key('TAG_mac', forms.mac, 'MAC of the interface'),
  key('TAG_ip', forms.address, 'IPv4 address of the node on TAG, or of its interface TAGN'),
  key('TAG_netmask', forms.netmask, 'netmask of that address when it has no /PREFIX'),
  key('TAG_gateway', forms.gateway, 'gateway of that network'),
  key('TAG_ip6', forms.address6, 'IPv6 address of the node on TAG, or of its interface TAGN'),
]

export function isHeededKey(name: string): boolean {
  return heededKeys.some((heeded) => heeded.matches.test(name))
}

/** The form of a heeded key's value; null for other keys. */
export function formOf(name: string): KeyForm | null {
  return heededKeys.find((heeded) => heeded.matches.test(name))?.form ?? null
}
