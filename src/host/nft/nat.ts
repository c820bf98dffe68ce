import type { NicTag } from '#contracts/network/address.ts'
import { bridgeName } from '#contracts/network/bridge-name.ts'
import { networkOf, parseCidr, renderAddress } from '#lib/cidr.ts'

/**
 * Table `inet spirula_nat`, whole, from every tag the node has addresses on. Zones of a nat tag reach the outside
 * masqueraded, not each other's tags; nothing outside opens a connection to them. On tags without hardware
 * the node itself answers ICMP only. An etherstub is not routed at all.
 */
export function renderNat(tags: readonly NicTag[]): string {
  const inner = tags.filter((tag) => tag.nat === true || tag.type === 'etherstub')
  const body = [
    ...inner.flatMap((tag) => renderForward(tag, tags)),
    '  }',
    '  chain input {',
    '    type filter hook input priority filter; policy accept;',
    ...renderInput(inner),
    '  }',
    '  chain postrouting {',
    '    type nat hook postrouting priority srcnat; policy accept;',
    ...inner.flatMap(renderMasquerade),
  ]
  return `table inet spirula_nat { }
delete table inet spirula_nat
table inet spirula_nat {
  chain forward {
    type filter hook forward priority filter; policy accept;
${body.join('\n')}
  }
}
`
}

function renderForward(tag: NicTag, tags: readonly NicTag[]): string[] {
  const bridge = bridgeName(tag.name)
  const into = `    oifname "${bridge}" iifname != "${bridge}" ct state != { established, related } drop`
  if (tag.nat !== true) return [into, `    iifname "${bridge}" oifname != "${bridge}" drop`]
  const others = tags.filter((other) => other.name !== tag.name)
  return [
    into,
    ...others.flatMap(renderSubnets).map(({ match, subnet }) => `    iifname "${bridge}" ${match} daddr ${subnet} ct state != { established, related } drop`),
  ]
}

/**
 * ICMP (1, and 58 in IPv6; names would need the package netbase) keeps path MTU, ping and neighbour discovery;
 * the node serves no DNS or DHCP to zones, so nothing else is open.
 */
function renderInput(inner: readonly NicTag[]): string[] {
  return inner.flatMap((tag) => {
    const bridge = bridgeName(tag.name)
    return [
      `    iifname "${bridge}" ct state established,related accept`,
      `    iifname "${bridge}" meta l4proto { 1, 58 } accept`,
      `    iifname "${bridge}" reject with icmpx type admin-prohibited`,
    ]
  })
}

function renderMasquerade(tag: NicTag): string[] {
  if (tag.nat !== true) return []
  return renderSubnets(tag).map(({ match, subnet }) => `    ${match} saddr ${subnet} oifname != "${bridgeName(tag.name)}" masquerade`)
}

function renderSubnets(tag: NicTag): { match: 'ip' | 'ip6'; subnet: string }[] {
  return (tag.host_addresses ?? []).flatMap((text) => {
    const cidr = parseCidr(text)
    return cidr === null ? [] : [{ match: cidr.family === 4 ? ('ip' as const) : ('ip6' as const), subnet: `${renderAddress(networkOf(cidr))}/${cidr.prefix}` }]
  })
}
