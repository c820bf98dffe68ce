import { z } from 'zod'
import { type PropertyTable, describeProperty, hvmBrands } from './properties-shape.ts'
import { booleanSchema, choiceSchema, integerSchema, ipOrCidrSchema, ipSchema, ipv4Schema, listSchema, macSchema, patternSchema, uuidSchema } from './properties-values.ts'

const nicAddress = z.union([z.literal('dhcp'), z.literal('addrconf'), z.cidrv4(), z.cidrv6()], 'must be an address with its prefix such as 10.0.0.2/24, "dhcp" or "addrconf"')
// Zod shows the message of the one alternative that was nearest, or that of the union.
const ipv4OrDhcpMessage = 'must be an IPv4 address or "dhcp"'
const ipv4OrDhcp = z.union([z.literal('dhcp'), z.ipv4(ipv4OrDhcpMessage)], ipv4OrDhcpMessage)
const ips = z
  .array(nicAddress, 'must be a list of addresses')
  .max(20, { error: (issue) => `nic.*.ips contains ${(issue.input as unknown[]).length} addresses, but is limited to 20` })
const primary = z.literal(true, { error: (issue) => `invalid value for NIC's primary flag: ${String(issue.input).slice(0, 40)} (must be true)` })
const dhcpCids = z
  .array(patternSchema(/^0x([0-9a-f]{2}){1,255}$/i, 'must be "0x" and an even number of hex digits, at most 512 characters'), 'must be a list of client identifiers')
  .max(20, 'must have at most 20 items')
  .refine((cids) => cids.join('').length < 1024, 'must be shorter than 1024 characters together')
const flag = booleanSchema()

/** Fields of a nic (reference 1.5.5). */
export const nicFields = {
  mac: describeProperty(macSchema(), 'Hardware address; names the nic in updates and never changes', { set: 'create', default: 'generated', example: '02:08:20:1a:2b:3c' }),
  interface: describeProperty(patternSchema(/^[a-z][a-z0-9_]{0,12}\d{1,2}$/, 'must be an interface name such as net0, at most 15 characters'), 'Name in the guest', { set: 'create', effect: 'restart', default: 'net0, net1 …; eth0, eth1 … for lx' }),
  nic_tag: describeProperty(patternSchema(/^[A-Za-z0-9_]{1,31}(\/\d{1,10})?$/, 'invalid or missing .nic_tag option for NIC'), 'Network of the node it is attached to', { set: 'both', effect: 'restart', default: 'required', example: 'internal' }),
  ips: describeProperty(ips, 'Addresses: CIDR, dhcp, addrconf', { set: 'both', effect: 'live', default: '[]', example: ['10.88.0.5/24', 'fd00::5/64'] }),
  ip: describeProperty(ipv4OrDhcp, 'Old form of the first IPv4 address', { set: 'both', effect: 'live', example: '10.88.0.5' }),
  netmask: describeProperty(patternSchema(/^((255|254|252|248|240|224|192|128|0)\.){3}(255|254|252|248|240|224|192|128|0)$/, 'must be a netmask such as 255.255.255.0'), 'Netmask that goes with ip', { set: 'both', effect: 'live', example: '255.255.255.0' }),
  gateways: describeProperty(listSchema(ipSchema(), 8, 'addresses'), 'Default gateways, IPv4 or IPv6', { set: 'both', effect: 'live', example: ['10.88.0.1'] }),
  gateway: describeProperty(ipv4Schema(), 'Old form of the first IPv4 gateway', { set: 'both', effect: 'live', example: '10.88.0.1' }),
  primary: describeProperty(primary, 'Its gateways and its address count for the machine as a whole', { set: 'both', effect: 'live', default: 'the first nic', example: true }),
  vlan_id: describeProperty(integerSchema(0, 4095), 'VLAN; 0 is untagged', { set: 'both', effect: 'restart', default: '0' }),
  mtu: describeProperty(integerSchema(576, 9000), 'Largest packet, at most that of the nic tag', { set: 'both', effect: 'restart', unit: 'bytes', default: 'that of the nic tag' }),
  model: describeProperty(choiceSchema(['virtio', 'e1000', 'rtl8139']), 'Device the guest sees', { set: 'both', brands: hvmBrands, effect: 'restart', default: 'nic_driver' }),
  network_uuid: describeProperty(uuidSchema(), 'Network of the cloud it belongs to', { set: 'both' }),
  allow_dhcp_spoofing: describeProperty(flag, 'May answer DHCP requests', { set: 'both', effect: 'live', default: 'false' }),
  allow_ip_spoofing: describeProperty(flag, 'May send from any address', { set: 'both', effect: 'live', default: 'false' }),
  allow_mac_spoofing: describeProperty(flag, 'May send from any hardware address', { set: 'both', effect: 'live', default: 'false' }),
  allow_restricted_traffic: describeProperty(flag, 'May send other frames than IPv4, IPv6 and ARP', { set: 'both', effect: 'live', default: 'false' }),
  allow_unfiltered_promisc: describeProperty(flag, 'Sees all frames of its link', { set: 'both', brands: hvmBrands, effect: 'restart', default: 'false' }),
  allowed_ips: describeProperty(z.array(ipOrCidrSchema(), 'must be a list of addresses').max(13, 'Maximum of 13 allowed_ips per nic'), 'Further addresses it may send from', { set: 'both', effect: 'live', example: ['10.88.0.99'] }),
  allowed_dhcp_cids: describeProperty(dhcpCids, 'Client identifiers that its DHCP requests may carry', { set: 'both', brands: ['joyent', 'joyent-minimal', 'builder', 'lx', 'kvm'], effect: 'live', example: ['0x0102'] }),
  blocked_outgoing_ports: describeProperty(listSchema(integerSchema(1, 65_535), 128, 'TCP ports'), 'TCP ports it may not connect to', { set: 'both', effect: 'live', example: [25] }),
  dhcp_server: describeProperty(flag, 'Old form: allows dhcp and ip spoofing', { set: 'both', effect: 'live', default: 'false', deprecated: 'allow_dhcp_spoofing and allow_ip_spoofing' }),
  vrrp_vrid: describeProperty(integerSchema(0, 255), 'Virtual router it takes part in; the MAC follows from it', { set: 'both', effect: 'restart' }),
  vrrp_primary_ip: describeProperty(ipv4Schema(), 'Address of another nic of the machine that the keep-alives are sent from', { set: 'both', effect: 'restart' }),
} satisfies PropertyTable
