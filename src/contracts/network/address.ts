/** An address of a nic: CIDR (`10.0.0.2/24`, `fd00::2/64`), `dhcp` (DHCPv4) or `addrconf` (SLAAC and DHCPv6). */
export type NetworkAddress = string

/** A nic tag: a named place to attach nics. `etherstub` has no hardware behind it. */
export interface NicTag {
  name: string
  type: 'normal' | 'etherstub'
  /** MAC of the physical link (type normal); `-` when the tag is backed by a bridge only. */
  mac: string
  mtu: number
  /** Ours: addresses the node itself has on the tag's bridge, CIDR. */
  host_addresses?: string[]
  /** Ours: masquerade traffic of this tag's subnets that leaves the node. */
  nat?: boolean
}
