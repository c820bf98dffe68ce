import type { RoutePlan } from '#contracts/network/nic-plan.ts'
import { isIP } from 'node:net'
import { AppError } from '#contracts/errors.ts'
import type { Nic } from '#contracts/machine/record.ts'

/**
 * Routes of a machine: key an address or CIDR, value a gateway address, `nics[N]` or `macs[aa:…]` (a route
 * over that link without a gateway). InvalidPayload when the value names no nic.
 */
export function planRoutes(routes: Record<string, string>, nics: Nic[]): RoutePlan[] {
  return Object.entries(routes).map(([to, value]) => {
    const target = to.includes('/') ? to : `${to}/${isIP(to) === 6 ? 128 : 32}`
    if (isIP(value) !== 0) return { to: target, via: value, interface: null }
    const nic = planRouteNic(value, nics)
    if (nic === undefined) {
      const message = `The route to ${to} names "${value}", which is neither an address nor a nic of the machine.`
      throw new AppError('InvalidPayload', message, {
        details: [{ path: `routes.${to}`, message }],
        hint: 'use an IP address, nics[N] or macs[aa:bb:cc:dd:ee:ff]',
      })
    }
    return { to: target, via: null, interface: nic.interface }
  })
}

function planRouteNic(value: string, nics: Nic[]): Nic | undefined {
  const index = /^nics\[(\d+)\]$/.exec(value)?.[1]
  if (index !== undefined) return nics[Number(index)]
  const mac = /^macs\[([0-9a-f:]+)\]$/i.exec(value)?.[1]
  return nics.find((nic) => nic.mac.toLowerCase() === mac?.toLowerCase())
}
