import type { AggregationSetting, InterfaceSetting } from './network-settings.ts'

/** Texts of systemd.netdev(5) and systemd.network(5) files. */

/** Without LACP an aggregation is static: what the switch calls a port channel. */
export function renderBond({ name, lacp, mtu }: AggregationSetting, mac: string): string {
  const mode = lacp === 'off' ? ['Mode=balance-xor'] : ['Mode=802.3ad', 'LACPTransmitRate=slow']
  return renderSections({
    NetDev: [`Name=${name}`, 'Kind=bond', `MACAddress=${mac}`, ...renderMtu(mtu)],
    Bond: [...mode, 'TransmitHashPolicy=layer3+4', 'MIIMonitorSec=100ms', 'MinLinks=1'],
  })
}

/** As src/host/ip/bridge-argv.ts makes one: the daemon finds nothing to change in it. */
export function renderBridge(name: string, mac: string, mtu: number): string {
  return renderSections({
    NetDev: [`Name=${name}`, 'Kind=bridge', `MACAddress=${mac}`, ...renderMtu(mtu)],
    Bridge: ['STP=no', 'ForwardDelaySec=0', 'MulticastSnooping=no'],
  })
}

/** A pair of virtual links; the second end has the MAC. */
export function renderJoin([near, far]: readonly [string, string], mac: string): string {
  return renderSections({ NetDev: [`Name=${near}`, 'Kind=veth'], Peer: [`Name=${far}`, `MACAddress=${mac}`] })
}

export function renderVlan({ name, vlan, mac }: InterfaceSetting): string {
  return renderSections({ NetDev: [`Name=${name}`, 'Kind=vlan', ...(mac === null ? [] : [`MACAddress=${mac}`])], VLAN: [`Id=${vlan}`] })
}

/** A link that is part of a bridge or an aggregation and has no address itself. */
export function renderMember(name: string, to: { bridge: string } | { bond: string }, mtu: number): string {
  return renderSections({
    Match: [`Name=${name}`],
    Link: renderMtu(mtu),
    Network: ['bridge' in to ? `Bridge=${to.bridge}` : `Bond=${to.bond}`, ...noAddresses],
  })
}

export interface InterfaceOptions {
  useDns: boolean
  useGateway: boolean
  /** VLAN links on top of this one. */
  vlans: readonly string[]
}

/** A link with the addresses of all its interfaces; without any it is only switched on. */
export function renderInterface(name: string, interfaces: readonly InterfaceSetting[], { useDns, useGateway, vlans }: InterfaceOptions): string {
  const dhcp4 = interfaces.some(({ ip4 }) => ip4 === 'dhcp')
  const addrconf = interfaces.some(({ ip6 }) => ip6 === 'addrconf')
  const fixed = interfaces.flatMap(({ ip4, ip6 }) => [ip4, ip6]).filter((ip) => ip !== null && ip !== 'dhcp' && ip !== 'addrconf')
  const gateways = interfaces.flatMap(({ gateway4, gateway6 }) => [gateway4, gateway6]).filter((gateway) => gateway !== null)
  const hasIp6 = interfaces.some(({ ip6 }) => ip6 !== null)
  return renderSections({
    Match: [`Name=${name}`],
    // A node boots whether or not a cable is plugged in.
    Link: ['RequiredForOnline=no'],
    Network: [
      ...renderDhcp(dhcp4, addrconf),
      ...fixed.map((address) => `Address=${address}`),
      ...gateways.map((gateway) => `Gateway=${gateway}`),
      `LinkLocalAddressing=${hasIp6 ? 'ipv6' : 'no'}`,
      `IPv6AcceptRA=${yesOrNo(addrconf)}`,
      // An address that is asked for needs a cable; a fixed one, and a bridge of guests alone, does not.
      ...(fixed.length > 0 || !(dhcp4 || addrconf) ? ['ConfigureWithoutCarrier=yes'] : []),
      ...vlans.map((vlan) => `VLAN=${vlan}`),
    ],
    DHCPv4: dhcp4 ? ['ClientIdentifier=mac', 'UseHostname=no', `UseDNS=${yesOrNo(useDns)}`, `UseGateway=${yesOrNo(useGateway)}`] : [],
    IPv6AcceptRA: addrconf ? [`UseDNS=${yesOrNo(useDns)}`] : [],
  })
}

function renderDhcp(four: boolean, six: boolean): string[] {
  if (four && six) return ['DHCP=yes']
  return four ? ['DHCP=ipv4'] : six ? ['DHCP=ipv6'] : []
}

function yesOrNo(wanted: boolean): string {
  return wanted ? 'yes' : 'no'
}

const noAddresses = ['LinkLocalAddressing=no', 'IPv6AcceptRA=no']

/** 1500 is what a link has anyway; some drivers refuse to be told. */
function renderMtu(mtu: number): string[] {
  return mtu === 1500 ? [] : [`MTUBytes=${mtu}`]
}

function renderSections(sections: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(sections)
    .filter(([, lines]) => lines.length > 0)
    .map(([name, lines]) => `[${name}]\n${lines.join('\n')}\n`)
    .join('\n')
}
