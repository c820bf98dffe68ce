import type { MachineRecord, ScalarMap } from '#contracts/machine/record.ts'

/**
 * A guest may store metadata of its own (mdata-put) while an operation is between reading the record and
 * writing it. What the guest changed since `base` is kept on top of `next`.
 */
export function keepGuestWrites(next: MachineRecord, base: MachineRecord | null, current: MachineRecord | undefined): MachineRecord {
  if (base === null || current === undefined) return next
  return {
    ...next,
    customer_metadata: overlay(next.customer_metadata, base.customer_metadata, current.customer_metadata),
    internal_metadata: overlay(next.internal_metadata, base.internal_metadata, current.internal_metadata),
  }
}

function overlay(next: ScalarMap, base: ScalarMap, current: ScalarMap): ScalarMap {
  const merged = { ...next }
  for (const [key, value] of Object.entries(current)) if (base[key] !== value) merged[key] = value
  for (const key of Object.keys(base)) if (!Object.hasOwn(current, key)) delete merged[key]
  return merged
}
