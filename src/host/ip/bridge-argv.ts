import type { NicTag } from '#contracts/network/address.ts'
import { bridgeMac, bridgeName } from '#contracts/network/bridge-name.ts'
import { parseCidr, renderCidr } from '#lib/cidr.ts'
import { renderAddressAdd, renderLines } from './argv.ts'
import type { Link, Route } from './parse.ts'
import { globalAddresses } from './parse.ts'

/**
 * What a bridge must be. No spanning tree, nothing learned from frames that skip the guards (LLDP and the like), and
 * bridged frames do not run through the node's inet rules.
 */
const settings = {
  stp_state: 0,
  forward_delay: 0,
  mcast_snooping: 0,
  no_linklocal_learn: 1,
  nf_call_iptables: 0,
  nf_call_ip6tables: 0,
  nf_call_arptables: 0,
} as const

/** Batch from the bridge as it is (undefined: not there) to what the tag asks; '' when nothing is to do. */
export function renderBridgeBatch(tag: NicTag, bridge: Link | undefined, uplinkMac: string | undefined): string {
  const name = bridgeName(tag.name)
  const words = Object.entries(settings).map(([key, value]) => `${key} ${value}`)
  const lines: string[] = []
  if (bridge === undefined) {
    lines.push(`link add name ${name} address ${uplinkMac ?? bridgeMac(tag.name)} type bridge ${words.join(' ')}`, `link set dev ${name} addrgenmode none`)
  } else if (!hasSettings(bridge)) lines.push(`link set dev ${name} type bridge ${words.join(' ')}`)
  // Set apart: only so does the bridge keep its MTU when ports with a smaller one join.
  if (bridge?.mtu !== tag.mtu) lines.push(`link set dev ${name} mtu ${tag.mtu}`)
  if (bridge?.flags.includes('UP') !== true) lines.push(`link set dev ${name} up`)
  return renderLines([...lines, ...renderHostAddresses(tag, bridge)])
}

function renderHostAddresses(tag: NicTag, bridge: Link | undefined): string[] {
  const name = bridgeName(tag.name)
  const present = bridge === undefined ? [] : globalAddresses(bridge)
  const wanted = (tag.host_addresses ?? []).map(canonical)
  // On a bridge over hardware there are also the addresses that moved there: those are not ours to take away.
  const stale = tag.type === 'normal' && tag.mac !== '-' ? [] : present.filter((address) => !wanted.includes(address))
  const missing = wanted.filter((address) => !present.includes(address))
  return [...stale.map((address) => `address del ${address} dev ${name}`), ...missing.map((address) => renderAddressAdd(address, name))]
}

/** Batch that puts a link under a bridge (or the bridge's own things on the link when `to` is the link). */
export function renderUplinkBatch(from: Link, to: string, routes: readonly Route[]): string {
  const addresses = globalAddresses(from)
  const enslave = to.startsWith('br-') ? [`link set dev ${from.ifname} addrgenmode none`, `link set dev ${from.ifname} master ${to}`] : []
  return renderLines([
    ...enslave,
    `link set dev ${to.startsWith('br-') ? from.ifname : to} up`,
    `address flush dev ${from.ifname}`,
    ...addresses.map((address) => renderAddressAdd(address, to)),
    ...routes.filter((route) => route.protocol !== 'kernel').map((route) => `route replace ${routeWords(route)} dev ${to}`),
  ])
}

function routeWords(route: Route): string {
  const six = route.gateway?.includes(':') === true || route.dst.includes(':')
  const to = route.dst === 'default' ? (six ? '::/0' : '0.0.0.0/0') : route.dst
  const words = [
    to,
    route.gateway === undefined ? '' : `via ${route.gateway}`,
    route.metric === undefined ? '' : `metric ${route.metric}`,
    route.protocol === undefined ? '' : `proto ${route.protocol}`,
  ]
  return `${words.filter((word) => word !== '').join(' ')}${route.gateway === undefined ? '' : ' onlink'}`
}

function hasSettings(bridge: Link): boolean {
  const data = bridge.linkinfo?.info_data ?? {}
  return Object.entries(settings).every(([key, value]) => !(key in data) || Number(data[key]) === value)
}

function canonical(address: string): string {
  const cidr = parseCidr(address)
  return cidr === null ? address : renderCidr(cidr)
}
