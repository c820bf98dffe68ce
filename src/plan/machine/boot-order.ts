import { defaultBootOrder, type MachineRecord } from '#contracts/machine/record.ts'

/** What the order hangs on. */
export type Ordered = Pick<MachineRecord, 'uuid' | 'boot_order'>

/** Machines that start together, group after group; by UUID within a group, so that every boot is alike. */
export function planBootGroups<T extends Ordered>(machines: Iterable<T>): T[][] {
  const groups = Map.groupBy(machines, (machine) => machine.boot_order ?? defaultBootOrder)
  return [...groups].toSorted(([a], [b]) => a - b).map(([, group]) => group.toSorted((a, b) => (a.uuid < b.uuid ? -1 : 1)))
}
