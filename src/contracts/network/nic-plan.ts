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
