import { AppError } from '#contracts/errors.ts'
import type { MachineRecord, Nic } from '#contracts/machine/record.ts'
import type { NicTag } from '#contracts/network/address.ts'
import { bridgeName } from '#contracts/network/bridge-name.ts'
import type { NicPlan, RoutePlan } from '#contracts/network/nic-plan.ts'
import { planGuard } from './guard.ts'
import { planRoutes } from './routes.ts'

type NetworkOfRecord = Pick<MachineRecord, 'nics' | 'routes'>

/**
 * Everything the host needs to plumb a machine's nics. The primary nic comes first, so that its gateway is
 * the preferred one; host links are numbered by the nic's place in the record. `tags` throws NicTagNotFound.
 */
export function planNics(record: NetworkOfRecord, zoneid: number, tags: (name: string) => NicTag): { nics: NicPlan[]; routes: RoutePlan[] } {
  const planned = record.nics.map((nic, index) => ({ primary: nic.primary === true, plan: planNic(nic, planHostLink(zoneid, index), tags(nic.nic_tag)) }))
  planned.sort((a, b) => Number(b.primary) - Number(a.primary))
  return { nics: planned.map((one) => one.plan), routes: planRoutes(record.routes, record.nics) }
}

/** Name of the host's end: at most 15 characters for any zoneid below 10¹⁰ and 32 nics. */
export function planHostLink(zoneid: number, index: number): string {
  return `z${zoneid}n${index}`
}

function planNic(nic: Nic, hostLink: string, tag: NicTag): NicPlan {
  if (nic.mtu !== undefined && nic.mtu > tag.mtu) {
    throw new AppError('InvalidPayload', `The nic ${nic.interface} has an MTU of ${nic.mtu}, more than the ${tag.mtu} of its nic tag ${tag.name}.`)
  }
  return {
    interface: nic.interface,
    host_link: hostLink,
    bridge: bridgeName(tag.name),
    mac: nic.mac.toLowerCase(),
    mtu: nic.mtu ?? tag.mtu,
    vlan_id: nic.vlan_id ?? 0,
    addresses: nic.ips.filter((address) => address.includes('/')),
    dhcp: nic.ips.includes('dhcp'),
    addrconf: nic.ips.includes('addrconf'),
    gateways: nic.gateways ?? (nic.gateway === undefined ? [] : [nic.gateway]),
    guard: planGuard({ ...nic, mac: nic.mac.toLowerCase() }),
  }
}
