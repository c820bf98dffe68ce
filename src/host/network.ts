import type { NicTag } from '#contracts/network/address.ts'
import type { NicGuard, NicPlan, RoutePlan } from '#contracts/network/nic-plan.ts'
import type { Context, Log } from './context.ts'

export type { NicGuard, NicPlan, RoutePlan }

/**
 * The node's networking: a bridge for every nic tag, veth pairs into the zones' network namespaces, a
 * guard per nic on the host's end (outside the zone) that drops what its owner may not send. Real one in
 * `host/ip` with `host/nft`; the fake and the real one pass `network.suite.ts`.
 */
export interface Network {
  /** Makes or repairs the tag's bridge, its host addresses, NAT and sysctls. From the first on, nics without a guard send nothing. Safe to repeat. */
  ensureTag(tag: NicTag, context: Context): Promise<void>
  destroyTag(tag: NicTag, context: Context): Promise<void>

  /** Links, addresses and routes in the zone's netns; nothing is sent before `setGuards`. No link is left when it fails. */
  attach(netns: string, nics: NicPlan[], routes: RoutePlan[], context: Context): Promise<void>
  /** Removes links and guards, by host link name. Fine when they are gone (the netns died). */
  detach(hostLinks: string[], context: Context): Promise<void>
  /** Sets or replaces guards in one atomic transaction; before, during or after `attach`. Only `detach` removes them. */
  setGuards(nics: NicPlan[], context: Context): Promise<void>
  /** Adds and removes addresses and routes in a running zone so that they are as planned. */
  reconfigure(netns: string, nics: NicPlan[], routes: RoutePlan[], context: Context): Promise<void>

  /** What a DHCP server gave the nic of a host link last; null before. */
  readLease(hostLink: string): Promise<DhcpLease | null>
  /** Calls back with the host link when a nic is given a lease, in zones that were adopted too. Returns the unsubscriber. */
  onLease(listener: (hostLink: string) => void, log: Log): () => void

  /** Host ends of nics that exist now, guarded or not. */
  listHostLinks(context: Context): Promise<string[]>
  /** Host links that have a guard, whether or not the link is there. */
  listGuards(context: Context): Promise<string[]>
  /** Physical links of the host: name, MAC, MTU, up. */
  listPhysical(context: Context): Promise<PhysicalLink[]>
}

/** Addresses; the network chose them. */
export interface DhcpLease {
  ip: string
  routers: string[]
  resolvers: string[]
}

export interface PhysicalLink {
  name: string
  mac: string
  mtu: number
  up: boolean
}
