import type { MachineRecord } from '#contracts/machine/record.ts'

const keys = ['root_authorized_keys', 'user-data', 'user-script']

/** Whether a machine's metadata holds anything for `mdata-execute` to do in its guest. */
export function hasGuestWork(record: Pick<MachineRecord, 'customer_metadata' | 'internal_metadata'>): boolean {
  return keys.some((key) => Object.hasOwn(record.customer_metadata, key)) || Object.hasOwn(record.internal_metadata, 'operator-script')
}
