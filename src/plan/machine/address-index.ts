import type { MachineRecord, Nic } from '#contracts/machine/record.ts'
import { parseCidr, renderAddress } from '#lib/cidr.ts'

/**
 * Who on this node has a MAC, an address or a VRID. Addresses and VRIDs count per nic tag and VLAN. Machines
 * that failed are not in it (reference 1.5.5). `except` is an owner that does not count: the asker itself.
 */
export interface AddressIndex {
  byMac(mac: string, except?: string): string | null
  /** `ip` without prefix. */
  byAddress(nicTag: string, vlanId: number, ip: string, except?: string): string | null
  byVrid(nicTag: string, vlanId: number, vrid: number, except?: string): string | null
  /** Replaces what was known of the machine. */
  add(record: MachineRecord): void
  remove(uuid: string): void
}

/** What planning needs of the index. */
export type AddressLookup = Pick<AddressIndex, 'byMac' | 'byAddress' | 'byVrid'>

export function createAddressIndex(): AddressIndex {
  // A set, since two machines carried here from elsewhere may claim the same.
  const owners = new Map<string, Set<string>>()
  const keysOf = new Map<string, string[]>()
  const find = (key: string, except?: string): string | null => [...(owners.get(key) ?? [])].find((owner) => owner !== except) ?? null
  const remove = (uuid: string): void => {
    for (const key of keysOf.get(uuid) ?? []) {
      const set = owners.get(key)
      set?.delete(uuid)
      if (set?.size === 0) owners.delete(key)
    }
    keysOf.delete(uuid)
  }
  const add = (record: MachineRecord): void => {
    remove(record.uuid)
    if (record.internal.failed !== undefined) return
    const keys = record.nics.flatMap(keysOfNic)
    keysOf.set(record.uuid, keys)
    for (const key of keys) owners.set(key, (owners.get(key) ?? new Set()).add(record.uuid))
  }
  return {
    add,
    remove,
    byMac: (mac, except) => find(macKey(mac), except),
    byAddress: (nicTag, vlanId, ip, except) => find(addressKey(nicTag, vlanId, ip), except),
    byVrid: (nicTag, vlanId, vrid, except) => find(vridKey(nicTag, vlanId, vrid), except),
  }
}

function keysOfNic(nic: Nic): string[] {
  const vlan = nic.vlan_id ?? 0
  const addresses = plainAddresses(nic).map((ip) => addressKey(nic.nic_tag, vlan, ip))
  // The MAC of a VRRP nic follows from its VRID, which counts per link only.
  return [nic.vrrp_vrid === undefined ? macKey(nic.mac) : vridKey(nic.nic_tag, vlan, nic.vrrp_vrid), ...addresses]
}

/** The nic's static addresses, canonical and without prefix. */
export function plainAddresses(nic: Pick<Nic, 'ips'>): string[] {
  return nic.ips.map(parseCidr).flatMap((cidr) => (cidr === null ? [] : [renderAddress(cidr)]))
}

function macKey(mac: string): string {
  return `mac ${mac.toLowerCase()}`
}

function addressKey(nicTag: string, vlanId: number, ip: string): string {
  return `ip ${nicTag} ${vlanId} ${ip}`
}

function vridKey(nicTag: string, vlanId: number, vrid: number): string {
  return `vrid ${nicTag} ${vlanId} ${vrid}`
}
