import { checkToken } from '../nft/token.ts'
import type { NicPlan, RoutePlan } from '../network.ts'
import { AppError } from '#contracts/errors.ts'
import { parseAddress, parseCidr, renderAddress, renderCidr } from '#lib/cidr.ts'

/** argv that runs `ip -batch -` in a network namespace given by path (`ip -n` takes names only). */
export function inNetns(netns: string, ...program: string[]): ['nsenter', ...string[]] {
  return ['nsenter', `--net=${netns}`, '--', ...program]
}

/**
 * Batch for the zone's side: makes each pair with its other end in the namespace of process `hostPid`, so
 * that the link never has to be moved, then addresses, gateways and routes. Links come up, but have
 * no carrier before the host's end does.
 */
export function renderZoneBatch(nics: readonly NicPlan[], routes: readonly RoutePlan[], hostPid: number): string {
  const lines = nics.flatMap((nic) => {
    const name = checkToken('link', nic.interface)
    const pair = `link add name ${name} address ${checkToken('mac', nic.mac)} mtu ${nic.mtu} type veth`
    return [
      `${pair} peer name ${checkToken('link', nic.host_link)} mtu ${nic.mtu} netns ${hostPid}`,
      ...nic.addresses.map((address) => renderAddressAdd(address, name)),
      `link set dev ${name} up`,
    ]
  })
  const gateways = nics.flatMap((nic, index) => renderGateways(nic, index))
  return renderLines(['link set dev lo up', ...lines, ...gateways, ...routes.map((route) => `route replace ${renderRoute(route)}`)])
}

/** Batch for the host's side; the frames that the kernel would keep from the bridge's hooks (LLDP and its like) are sent through them too. */
export function renderHostBatch(nics: readonly NicPlan[]): string {
  return renderLines(
    nics.flatMap((nic) => [
      `link set dev ${nic.host_link} addrgenmode none`,
      `link set dev ${nic.host_link} master ${checkToken('link', nic.bridge)}`,
      `link set dev ${nic.host_link} type bridge_slave isolated off mcast_to_unicast off group_fwd_mask 0xfffd`,
      `link set dev ${nic.host_link} up`,
    ]),
  )
}

export function renderAddressAdd(address: string, name: string): string {
  const cidr = parseCidr(address)
  if (cidr === null) throw new AppError('InvalidPayload', `"${address}" is not an address with a prefix, as in 10.0.0.2/24.`)
  return `address replace ${renderCidr(cidr)} dev ${name}${cidr.family === 6 ? ' nodad' : ' broadcast +'}`
}

/** The first nic's first gateway is the preferred one; more of them wait with a higher metric. */
export function renderGateways(nic: NicPlan, index: number): string[] {
  return renderGatewayRoutes(nic, index).map((route) => `route replace ${route}`)
}

export function renderGatewayRoutes(nic: NicPlan, index: number): string[] {
  const seen = { 4: 0, 6: 0 }
  return nic.gateways.map((text) => {
    const gateway = parseAddress(text)
    if (gateway === null) throw new AppError('InvalidPayload', `The gateway "${text}" of ${nic.interface} is not an IP address.`)
    const place = index * 100 + seen[gateway.family]++
    const target = gateway.family === 6 ? '::/0' : '0.0.0.0/0'
    return `${target} via ${renderAddress(gateway)} dev ${nic.interface} proto static metric ${place + (gateway.family === 6 ? 1024 : 0)} onlink`
  })
}

/** `10.1.0.0/16 via 10.0.0.1 proto static`; the words by which the zone's routes are found again. */
export function renderRoute(route: RoutePlan): string {
  const to = parseCidr(route.to)
  const via = route.via === null ? null : parseAddress(route.via)
  if (to === null || (route.via !== null && via === null))
    throw new AppError('InvalidPayload', `The route to "${route.to}" via "${route.via}" has no valid addresses.`)
  const gateway = via === null ? '' : ` via ${renderAddress(via)}`
  const device = route.interface === null ? '' : ` dev ${checkToken('link', route.interface)}`
  return `${renderCidr(to)}${gateway}${device} proto static`
}

/** Sysctl settings, for `busybox sysctl -w`, of how the kernel in the zone treats router advertisements. */
export function renderRaSettings(nic: NicPlan): string[] {
  const value = nic.addrconf ? '2' : '0'
  return [`net/ipv6/conf/${nic.interface}/accept_ra=${value}`, `net/ipv6/conf/${nic.interface}/autoconf=${nic.addrconf ? 1 : 0}`]
}

/** For `bridge -batch -`: the nic's frames are in its VLAN only, untagged at its end; tagged on the uplinks. */
export function renderVlanBatch(nic: NicPlan, uplinks: readonly string[]): string {
  const vid = nic.vlan_id
  return renderLines([
    `vlan del dev ${nic.host_link} vid 1`,
    `vlan add dev ${nic.host_link} vid ${vid} pvid untagged`,
    ...uplinks.map((link) => `vlan add dev ${checkToken('link', link)} vid ${vid}`),
  ])
}

export function renderLines(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}
