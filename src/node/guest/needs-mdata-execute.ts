import type { MachineRecord } from '#contracts/machine/record.ts'

/** False when a boot of the machine has nothing for `mdata-execute` to do; always true while it provisions. */
export function needsMdataExecute(record: MachineRecord, provisioning: boolean): boolean {
  const keys = ['root_authorized_keys', 'user-data', 'user-script']
  return provisioning || keys.some((key) => Object.hasOwn(record.customer_metadata, key)) || Object.hasOwn(record.internal_metadata, 'operator-script')
}
