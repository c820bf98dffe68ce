import { parseCidr, renderCidr } from '#lib/cidr.ts'
import type { Context } from '../context.ts'
import type { NicPlan } from '../network.ts'
import { run } from '../run/run.ts'
import type { ZoneNetwork } from './attach.ts'
import { inNetns, renderAddressAdd, renderGatewayRoutes, renderLines, renderRaSettings, renderRoute } from './argv.ts'
import { endDhcp, isDhcpRunning, startDhcp } from './dhcp.ts'
import { asNetworkError } from './known-failures.ts'
import { type Link, type Route, parseLinks, parseRoutes } from './parse.ts'

/**
 * Makes addresses, MTU, gateways and routes of a running zone's nics as planned. Only what we made is taken away:
 * static addresses of those nics, and routes of protocol `static`; what the zone added by other means stays.
 */
export async function reconfigure(zone: ZoneNetwork, context: Context): Promise<void> {
  try {
    const [links, routes4, routes6] = await Promise.all([
      run(inNetns(zone.netns, '/sbin/ip', '-j', 'address', 'show'), {}, context),
      run(inNetns(zone.netns, '/sbin/ip', '-j', 'route', 'show', 'proto', 'static'), {}, context),
      run(inNetns(zone.netns, '/sbin/ip', '-j', '-6', 'route', 'show', 'proto', 'static'), {}, context),
    ])
    const input = renderChanges(zone, parseLinks(links.stdout), [...parseRoutes(routes4.stdout), ...parseRoutes(routes6.stdout)])
    if (input !== '') await run(inNetns(zone.netns, '/sbin/ip', '-batch', '-'), { input }, context)
    await setHostMtu(zone.nics, context)
    if (zone.nics.length > 0) await run(inNetns(zone.netns, '/bin/busybox', 'sysctl', '-w', ...zone.nics.flatMap(renderRaSettings)), {}, context)
    for (const nic of zone.nics) await ensureDhcp(zone, nic, context)
  } catch (cause) {
    throw asNetworkError(cause, `Changing the addresses of ${zone.nics.map((nic) => nic.interface).join(', ')}`)
  }
}

/** Batch from what is to what is planned. */
export function renderChanges(zone: Pick<ZoneNetwork, 'nics' | 'routes'>, links: readonly Link[], routes: readonly Route[]): string {
  const wanted = [...zone.nics.flatMap(renderGatewayRoutes), ...zone.routes.map(renderRoute)]
  const wantedKeys = new Set(wanted.map(keyOfText))
  const stale = routes.filter((route) => !wantedKeys.has(keyOfRoute(route)))
  return renderLines([
    ...zone.nics.flatMap((nic) =>
      renderNicChanges(
        nic,
        links.find((link) => link.ifname === nic.interface),
      ),
    ),
    ...stale.map((route) => `route del ${routeWords(route)}`),
    ...wanted.map((route) => `route replace ${route}`),
  ])
}

function renderNicChanges(nic: NicPlan, link: Link | undefined): string[] {
  const planned = new Set(nic.addresses.map(canonical))
  const present = (link?.addr_info ?? [])
    .filter((info) => info.scope === 'global' && info.dynamic !== true && !(info.label ?? '').endsWith(':dhcp'))
    .map((info) => `${info.local}/${info.prefixlen}`)
  // With the first address of a subnet the kernel takes the others of it away too: all are set again then.
  const stale = present.filter((address) => !planned.has(address))
  return [
    ...(link !== undefined && link.mtu === nic.mtu ? [] : [`link set dev ${nic.interface} mtu ${nic.mtu}`]),
    ...stale.map((address) => `address del ${address} dev ${nic.interface}`),
    ...nic.addresses.filter((address) => stale.length > 0 || !present.includes(canonical(address))).map((address) => renderAddressAdd(address, nic.interface)),
  ]
}

function canonical(address: string): string {
  const cidr = parseCidr(address)
  return cidr === null ? address : renderCidr(cidr)
}

/** `DST|VIA|DEV`: what tells two static routes apart. `ip -j` leaves out /32, /128 and calls ::/0 default. */
function keyOfRoute(route: Route): string {
  return `${destinationOf(route)}|${route.gateway ?? ''}|${route.metric ?? ''}`
}

function keyOfText(words: string): string {
  const [to = ''] = words.split(' ')
  const wordAfter = (name: string): string => new RegExp(` ${name} (\\S+)`).exec(words)?.[1] ?? ''
  const metric = wordAfter('metric') === '0' ? '' : wordAfter('metric')
  return `${to}|${wordAfter('via')}|${metric === '' && to.includes(':') ? '1024' : metric}`
}

function destinationOf(route: Route): string {
  const six = route.dst.includes(':') || (route.gateway ?? '').includes(':')
  if (route.dst === 'default') return six ? '::/0' : '0.0.0.0/0'
  return route.dst.includes('/') ? route.dst : `${route.dst}/${six ? 128 : 32}`
}

function routeWords(route: Route): string {
  const words = [
    destinationOf(route),
    route.gateway === undefined ? '' : `via ${route.gateway}`,
    route.dev === undefined ? '' : `dev ${route.dev}`,
    'proto static',
    route.metric === undefined ? '' : `metric ${route.metric}`,
  ]
  return words.filter((word) => word !== '').join(' ')
}

async function setHostMtu(nics: readonly NicPlan[], context: Context): Promise<void> {
  await run(['ip', '-batch', '-'], { input: renderLines(nics.map((nic) => `link set dev ${nic.host_link} mtu ${nic.mtu}`)) }, context)
}

async function ensureDhcp(zone: ZoneNetwork, nic: NicPlan, context: Context): Promise<void> {
  const running = await isDhcpRunning(zone.runDir, nic.host_link)
  if (nic.dhcp && !running) await startDhcp(zone, nic, context)
  if (nic.dhcp || !running) return
  await endDhcp(zone.runDir, nic.host_link)
  await run(inNetns(zone.netns, '/sbin/ip', '-4', 'address', 'flush', 'dev', nic.interface, 'label', '*:dhcp'), { okCodes: [0, 1, 255] }, context)
}
