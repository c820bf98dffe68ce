import { AppError } from '#contracts/errors.ts'
import type { MachineRecord } from '#contracts/machine/record.ts'
import type { NicPlan, RoutePlan } from '#host/network.ts'
import { planNics } from '#plan/network/nics.ts'
import type { Parts } from '../parts.ts'

/** The machine's nics ready to be plumbed. NicTagNotFound when a tag has gone since it was made. */
export function planMachineNics(record: MachineRecord, zoneid: number, parts: Pick<Parts, 'tags'>): { nics: NicPlan[]; routes: RoutePlan[] } {
  return planNics(record, zoneid, (name) => {
    const tag = parts.tags.get(name)
    if (tag === undefined) throw new AppError('NicTagNotFound', `Invalid nic tag "${name}": the node has no such tag.`, { hint: 'nictagadm list' })
    return tag
  })
}
