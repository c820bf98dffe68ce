import type { NicTag } from '#contracts/network/address.ts'
import type { Context, Log } from './context.ts'

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

/** A nic ready to be plumbed; made by `plan/network`. */
export interface NicPlan {
  /** Name in the zone: net0, eth0. */
  interface: string
  /** Name of the host end, at most 15 characters, unique on the host: `z<zoneid>n<index>`. */
  host_link: string
  bridge: string
  mac: string
  mtu: number
  vlan_id: number
  /** CIDR, IPv4 and IPv6. */
  addresses: string[]
  /** Run a DHCPv4 client for it. */
  dhcp: boolean
  /** Accept router advertisements. */
  addrconf: boolean
  /** Default gateways, IPv4 or IPv6; [] on all but the primary nic unless given. */
  gateways: string[]
  guard: NicGuard
}

/** What may leave the nic. */
export interface NicGuard {
  /** Source MAC must be the nic's. */
  mac_nospoof: boolean
  /** Sources (IPv4/IPv6 header, ARP sender, NDP target) must be among these; null = any. Plain addresses or CIDR. */
  allowed_ips: string[] | null
  /** Drop DHCP server answers, router advertisements, and client ids not allowed. */
  dhcp_nospoof: boolean
  /** Client identifiers (hex bytes) that DHCP requests may carry; [] = any of the own MAC. */
  allowed_dhcp_cids: string[]
  /** Only IPv4, IPv6, ARP frames. */
  restricted: boolean
  /** TCP ports refused outbound. */
  blocked_outgoing_ports: number[]
}

export interface RoutePlan {
  /** CIDR. */
  to: string
  via: string | null
  /** Zone interface, for link-local routes. */
  interface: string | null
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
