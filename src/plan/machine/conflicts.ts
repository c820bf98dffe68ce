import type { MachineRecord, Nic } from '#contracts/machine/record.ts'
import { type AddressLookup, plainAddresses } from './address-index.ts'
import type { Problem } from './problems.ts'

/** What nics of the record share with other machines of the node; one problem each (reference 1.5.5). */
export function findConflicts(record: Pick<MachineRecord, 'uuid' | 'nics'>, index: AddressLookup): Problem[] {
  return record.nics.flatMap((nic, place) => findNicConflicts(nic, `nics.${place}`, index, record.uuid))
}

/** `owner` is the machine the nic belongs to, which does not count. */
export function findNicConflicts(nic: Nic, path: string, index: AddressLookup, owner: string): Problem[] {
  const vlan = nic.vlan_id ?? 0
  const addresses = plainAddresses(nic).map((ip) => conflict(`${path}.ips`, `IP ${ip}`, index.byAddress(nic.nic_tag, vlan, ip, owner)))
  const vridOwner = nic.vrrp_vrid === undefined ? null : index.byVrid(nic.nic_tag, vlan, nic.vrrp_vrid, owner)
  const macOwner = nic.vrrp_vrid === undefined ? index.byMac(nic.mac, owner) : null
  const found = [conflict(`${path}.mac`, `MAC ${nic.mac}`, macOwner), ...addresses, conflict(`${path}.vrrp_vrid`, `VRID ${nic.vrrp_vrid}`, vridOwner)]
  return found.filter((problem) => problem !== null)
}

/** The same as phrases: `IP 10.0.0.2 belongs to machine U`. */
export function conflictsOf(record: Pick<MachineRecord, 'uuid' | 'nics'>, index: AddressLookup): string[] {
  return findConflicts(record, index).map((problem) => problem.message.replace(/\.$/, ''))
}

function conflict(path: string, what: string, owner: string | null): Problem | null {
  return owner === null ? null : { path, message: `${what} belongs to machine ${owner}.`, code: 'AddressConflict' }
}
