import type { Parts } from '../parts.ts'

/** Zones' ids start here: above Debian's users, containers' subordinate ids of users (100000…) and nobody. */
const first = 1_048_576
export const idsPerZone = 65_536
/** Linux ids are 32 bit; the last range stays unused. */
const last = 2 ** 32 - 2 * idsPerZone

/** The lowest private range of ids that no machine of the node has. */
export function nextUidBase(parts: Pick<Parts, 'machines' | 'reserved'>): number {
  const taken = new Set<number>()
  for (const records of [parts.reserved.values(), parts.machines.all()]) for (const record of records) taken.add(record.internal.uid_base)
  for (let base = first; base <= last; base += idsPerZone) if (!taken.has(base)) return base
  throw new Error('all private id ranges are taken')
}
