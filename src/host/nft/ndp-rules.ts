import type { NicPlan } from '../network.ts'
import { hexOf, interfaceIdOf } from './mac.ts'
import { parseSources, renderBitsMatch } from './source-set.ts'

/** By number: nft looks names of protocols up in a file that only the package netbase has. */
const icmpv6 = 58

/**
 * Neighbour discovery, where a lie redirects others' traffic. To be checked at fixed places a message must have
 * no extension header and at most one option, the link-layer address: what every stack sends.
 */
export function renderNdpRules({ guard, mac, host_link }: NicPlan): string[] {
  const rules: string[] = []
  if (guard.mac_nospoof || guard.allowed_ips !== null) {
    for (const type of ['nd-router-solicit', 'nd-neighbor-solicit', 'nd-neighbor-advert']) rules.push(`icmpv6 type ${type} ip6 nexthdr != ${icmpv6} drop`)
  }
  if (guard.mac_nospoof) rules.push(...renderLinkLayerRules(mac))
  if (guard.allowed_ips !== null) {
    rules.push(`icmpv6 type nd-neighbor-advert jump target_${host_link}`)
    // Claiming an address that is not the nic's would keep its owner from using it.
    rules.push(`ip6 saddr :: icmpv6 type nd-neighbor-solicit jump target_${host_link}`)
  }
  return rules
}

/** Chain that returns when the target of a neighbour message is the nic's own, and drops else. */
export function renderTargetRules({ guard, addrconf, mac }: NicPlan): string[] {
  if (guard.allowed_ips === null) return []
  const rules = parseSources(guard.allowed_ips, 6).map((cidr) => `${renderBitsMatch(cidr, 64)} return`.trim())
  if (addrconf)
    rules.push(
      `@th,128,64 0x${interfaceIdOf(mac)
        .split(':')
        .map((group) => group.padStart(4, '0'))
        .join('')} return`,
    )
  return [...rules, 'drop']
}

/** Option types 1 (source) and 2 (target), length 1 (8 bytes), then the MAC: compared as one number of 64 bits. */
function renderLinkLayerRules(mac: string): string[] {
  const option = (type: number): string => `0x0${type}01${hexOf(mac).slice(2)}`
  return [
    'icmpv6 type nd-neighbor-solicit ip6 length != 24 ip6 length != 32 drop',
    'icmpv6 type nd-neighbor-advert ip6 length != 24 ip6 length != 32 drop',
    'icmpv6 type nd-router-solicit ip6 length != 8 ip6 length != 16 drop',
    `icmpv6 type nd-neighbor-advert ip6 length 32 @th,192,64 != ${option(2)} drop`,
    `icmpv6 type nd-neighbor-solicit ip6 length 32 ip6 saddr != :: @th,192,64 != ${option(1)} drop`,
    `icmpv6 type nd-router-solicit ip6 length 16 @th,64,64 != ${option(1)} drop`,
  ]
}
