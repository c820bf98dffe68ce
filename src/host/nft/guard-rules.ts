import type { NicPlan } from '../network.ts'
import { hexOf, interfaceIdOf } from './mac.ts'
import { renderNdpRules } from './ndp-rules.ts'
import { parseSources, renderSource } from './source-set.ts'

/**
 * Rules for what a nic sends. Each looks at one frame only: addresses are in every fragment, ports in the first,
 * and without its first fragment nothing can be put together again. One rule a value and never an anonymous set:
 * nft reads the elements of every set of the table back before each change (2 s instead of 10 ms at 1,000 nics).
 */
export function renderFromRules(nic: NicPlan): string[] {
  return [
    ...renderFrameRules(nic),
    ...renderDhcpRules(nic),
    ...renderPortRules(nic),
    ...renderArpRules(nic),
    ...renderIpv4Rules(nic),
    ...renderNdpRules(nic),
    ...renderIpv6Rules(nic),
    ...renderLastRules(nic),
  ]
}

/**
 * Rules for what a nic is sent: unicast to another MAC (flooded while the bridge has not learned where that
 * is) stays outside; a DHCP server's answer to this MAC notes the address it gives, as illumos does.
 */
export function renderToRules(nic: NicPlan): string[] {
  const rules: string[] = []
  if (nic.guard.mac_nospoof) rules.push(`ether daddr & 01:00:00:00:00:00 == 00:00:00:00:00:00 ether daddr != ${nic.mac} drop`)
  if (nic.dhcp) rules.push(`ether type ip udp sport 67 udp dport 68 @th,288,48 ${hexOf(nic.mac)} @th,192,32 != 0 update @lease_${nic.host_link} { @th,192,32 }`)
  return rules
}

function renderFrameRules({ guard, mac }: NicPlan): string[] {
  return guard.mac_nospoof ? [`ether saddr != ${mac} drop`] : []
}

/** What is left here is of no guarded protocol, or of one whose sources are free. */
function renderLastRules({ guard }: NicPlan): string[] {
  if (!guard.restricted) return []
  return ['ether type ip accept', 'ether type ip6 accept', 'ether type arp accept', 'drop']
}

/**
 * Ports 67 and 547 are a server's or a relay's. In a client's request the hardware address lies at a fixed place and
 * must be the nic's. Client identifiers (`allowed_dhcp_cids`) are options at no fixed place, which nft cannot
 * look for: they are not enforced.
 */
function renderDhcpRules({ guard, mac }: NicPlan): string[] {
  if (!guard.dhcp_nospoof) return []
  return [
    'udp sport 67 drop',
    'udp sport 547 drop',
    'icmpv6 type nd-router-advert drop',
    'icmpv6 type nd-redirect drop',
    `ether type ip udp sport 68 udp dport 67 @th,288,48 != ${hexOf(mac)} drop`,
  ]
}

function renderPortRules({ guard }: NicPlan): string[] {
  return guard.blocked_outgoing_ports.map((port) => `tcp dport ${port} drop`)
}

function renderArpRules({ guard, mac, dhcp, host_link }: NicPlan): string[] {
  const rules: string[] = []
  if (guard.mac_nospoof || guard.allowed_ips !== null) rules.push('arp htype != 1 drop', 'arp ptype != ip drop', 'arp hlen != 6 drop', 'arp plen != 4 drop')
  if (guard.mac_nospoof) rules.push(`arp saddr ether != ${mac} drop`)
  if (guard.allowed_ips === null) return rules
  // Sender 0.0.0.0 asks whether an address is taken (RFC 5227); it changes nobody's table.
  const senders = [{ family: 4 as const, value: 0n, prefix: 32 }, ...parseSources(guard.allowed_ips, 4)]
  rules.push(...senders.map((sender) => `arp saddr ip ${renderSource(sender)} accept`))
  if (dhcp) rules.push(`ether type arp @nh,112,32 @lease_${host_link} accept`)
  return [...rules, 'ether type arp drop']
}

function renderIpv4Rules({ guard, dhcp, host_link }: NicPlan): string[] {
  if (guard.allowed_ips === null) return []
  const rules = parseSources(guard.allowed_ips, 4).map((source) => `ip saddr ${renderSource(source)} accept`)
  if (dhcp) rules.push('ip saddr 0.0.0.0 ip daddr 255.255.255.255 udp sport 68 udp dport 67 accept', `ether type ip @nh,96,32 @lease_${host_link} accept`)
  return [...rules, 'ether type ip drop']
}

function renderIpv6Rules({ guard, addrconf, mac }: NicPlan): string[] {
  if (guard.allowed_ips === null) return []
  const rules = parseSources(guard.allowed_ips, 6).map((source) => `ip6 saddr ${renderSource(source)} accept`)
  if (addrconf) rules.push(`ip6 saddr & ::ffff:ffff:ffff:ffff == ::${interfaceIdOf(mac)} accept`)
  // Without an address yet: duplicate address detection, router solicitation, multicast listener reports.
  rules.push(...[131, 132, 133, 135, 143].map((type) => `ip6 saddr :: icmpv6 type ${type} accept`))
  return [...rules, 'ether type ip6 drop']
}
