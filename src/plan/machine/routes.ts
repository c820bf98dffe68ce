import type { Nic } from '#contracts/machine/record.ts'
import { isInSubnet, parseAddress, parseCidr } from '#lib/cidr.ts'
import type { Problem } from './problems.ts'

const mostRoutes = 256

/** Checks static routes: an address or CIDR to a gateway of its family, `nics[N]` or `macs[MAC]` (reference 1.5.6). `path` is that of the payload. */
export function checkRoutes(routes: Readonly<Record<string, string>>, nics: readonly Nic[], path: string): Problem[] {
  const entries = Object.entries(routes)
  if (entries.length > mostRoutes) return [{ path, message: `${path} has ${entries.length} routes, but is limited to ${mostRoutes}.` }]
  return entries.flatMap(([to, via]) => {
    const why = whyNotRoute(to, via, nics)
    return why === null ? [] : [{ path: `${path}.${to}`, message: `${path}: ${why}` }]
  })
}

function whyNotRoute(to: string, via: string, nics: readonly Nic[]): string | null {
  const destination = parseCidr(to) ?? parseAddress(to)
  const shown = JSON.stringify(to.slice(0, 60))
  if (destination === null) return `the destination ${shown} is neither an address nor a CIDR.`
  const index = /^nics\[(\d{1,4})\]$/.exec(via)?.[1]
  if (index !== undefined) return nics[Number(index)] === undefined ? `the route to ${to} names ${via}, but there are ${nics.length} nics.` : null
  const mac = /^macs\[([0-9a-fA-F:]{1,17})\]$/.exec(via)?.[1]?.toLowerCase()
  if (mac !== undefined) return nics.some((nic) => nic.mac === mac) ? null : `the route to ${to} names ${via}, but no nic has that MAC.`
  const gateway = parseAddress(via)
  if (gateway === null) return `the gateway of ${to} must be an address, nics[N] or macs[MAC], but is ${JSON.stringify(via.slice(0, 60))}.`
  return gateway.family === destination.family ? null : `the gateway ${via} of ${to} is of the other address family.`
}

/** Gateways of routes that no static address of the machine reaches, as warnings; nothing is said when a nic gets its address by DHCP. */
export function routeWarnings(routes: Readonly<Record<string, string>>, nics: readonly Nic[]): string[] {
  const own = nics.flatMap((nic) => nic.ips)
  if (own.includes('dhcp') || own.includes('addrconf')) return []
  const subnets = own.map(parseCidr).filter((cidr) => cidr !== null)
  return Object.entries(routes).flatMap(([to, via]) => {
    const gateway = parseAddress(via)
    if (gateway === null || via.toLowerCase().startsWith('fe80:') || subnets.some((cidr) => isInSubnet(gateway, cidr))) return []
    return [`routes: the gateway ${via} of ${to} is in no subnet of the machine’s addresses.`]
  })
}
