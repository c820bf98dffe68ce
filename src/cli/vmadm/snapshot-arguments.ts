import type { Argument } from '../command.ts'
import { machineArgument } from './machine-name.ts'

/** `UUID NAME` of the snapshot commands. */
export function snapshotArguments(command: string): readonly Argument[] {
  return [machineArgument(command), { name: 'NAME', summary: 'Name of the snapshot: 1 to 64 letters, digits and - _ . : %', missing: 'Invalid snapshot name' }]
}
