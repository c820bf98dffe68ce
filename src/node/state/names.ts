import { AppError } from '#contracts/errors.ts'
import type { MachineRecord } from '#contracts/machine/record.ts'
import type { RecordStore } from './record-store.ts'

const shortestPrefix = 4

/**
 * The machine meant by a UUID, an alias or a prefix of a UUID (at least four characters) that fits one
 * machine only. A whole UUID wins over an alias, an alias over a prefix.
 */
export function findMachine(name: string, machines: RecordStore<MachineRecord>): MachineRecord {
  const exact = machines.require(name)
  if (exact !== undefined) return exact
  const byAlias = [...machines.all()].filter((record) => record.alias === name)
  if (byAlias.length === 1) return byAlias[0]!
  const matches =
    byAlias.length > 0 || name.length < shortestPrefix ? byAlias : [...machines.all()].filter((record) => record.uuid.startsWith(name.toLowerCase()))
  if (matches.length === 1) return matches[0]!
  if (matches.length > 1) throw ambiguous(name, matches)
  throw new AppError('MachineNotFound', `${name}: No such zone configured`, { hint: 'vmadm list' })
}

function ambiguous(name: string, matches: MachineRecord[]): AppError {
  const some = matches.slice(0, 5).map((record) => record.uuid)
  const more = matches.length > some.length ? ` and ${matches.length - some.length} more` : ''
  return new AppError('AmbiguousName', `${name} fits ${matches.length} machines: ${some.join(', ')}${more}.`, { hint: 'give more of the UUID' })
}
