import type { Argument } from '../command.ts'

/** The argument that names a machine; `command` is the one the sentence about its absence names. */
export function machineArgument(command: string): Argument {
  return {
    name: 'UUID',
    summary: 'UUID or alias of a machine, or the first letters of a UUID that fit one machine only',
    missing: `Invalid or missing UUID for ${command}`,
    complete: 'machine',
  }
}
