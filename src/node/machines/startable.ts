import { AppError } from '#contracts/errors.ts'
import type { MachineRecord } from '#contracts/machine/record.ts'
import { conflictsOf } from '#plan/machine/conflicts.ts'
import type { Parts } from '../parts.ts'
import { requirePlatform } from '../platform.ts'
import { imageFacts } from './zone-spec.ts'

/**
 * A machine is checked again when it starts: a tag may have gone or its MTU shrunk, and another machine may
 * have taken an address while this one had failed (behaviours 11 and 12 of the reference).
 */
export function assertStartable(record: MachineRecord, parts: Parts): void {
  if (imageFacts(record, parts).sparse === true) requirePlatform(record.uuid, parts)
  for (const nic of record.nics) {
    const tag = parts.tags.get(nic.nic_tag)
    if (tag === undefined)
      throw new AppError('NicTagNotFound', `Invalid nic tag "${nic.nic_tag}" of nic ${nic.mac}: the node has no such tag.`, { hint: 'nictagadm list' })
    if (nic.mtu !== undefined && nic.mtu > tag.mtu)
      throw new AppError('InvalidState', `The MTU ${nic.mtu} of nic ${nic.mac} is above the ${tag.mtu} of its tag ${tag.name}.`)
  }
  const conflicts = conflictsOf(record, parts.addresses)
  if (conflicts.length > 0) {
    throw new AppError('AddressConflict', `Conflict detected with another vm, please check the MAC, IP, and VRID: ${conflicts.join('; ')}.`)
  }
}
