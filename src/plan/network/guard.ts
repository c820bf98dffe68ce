import type { NicGuard } from '#contracts/network/nic-plan.ts'
import type { Nic } from '#contracts/machine/record.ts'
import { planLinkLocal } from './link-local.ts'

/**
 * What may leave a nic, from its allow_* flags (smartos-node reference 1.5.5, 5.3): freedom to answer DHCP
 * brings freedom of source address; `dhcp_server` is the old name of both. Its own addresses, the extra
 * ones, the VRRP primary address and the link-local address of its MAC may be sources.
 */
export function planGuard(nic: Nic): NicGuard {
  const freeDhcp = nic.allow_dhcp_spoofing === true || nic.dhcp_server === true
  const freeIp = freeDhcp || nic.allow_ip_spoofing === true
  return {
    mac_nospoof: nic.allow_mac_spoofing !== true,
    allowed_ips: freeIp ? null : planAllowedIps(nic),
    dhcp_nospoof: !freeDhcp,
    allowed_dhcp_cids: nic.allowed_dhcp_cids ?? [],
    restricted: nic.allow_restricted_traffic !== true,
    blocked_outgoing_ports: [...new Set(nic.blocked_outgoing_ports ?? [])].sort((a, b) => a - b),
  }
}

function planAllowedIps(nic: Nic): string[] {
  const own = nic.ips.filter((address) => address.includes('/')).map((address) => address.slice(0, address.indexOf('/')))
  const primary = nic.vrrp_primary_ip === undefined ? [] : [nic.vrrp_primary_ip]
  return [...new Set([...own, ...(nic.allowed_ips ?? []), ...primary, planLinkLocal(nic.mac)])]
}
