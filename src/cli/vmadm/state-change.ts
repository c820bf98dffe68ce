import type { CallId } from '#client/calls.ts'
import type { CallInput } from '#client/node-client.ts'
import type { Cli, Input } from '../command.ts'
import { runQuietly } from '../follow-operation.ts'

export interface StateChange {
  call: CallId
  target?: CallInput
  /** `started` in `Successfully started VM U`. */
  done: string
}

/**
 * Starts, stops or reboots the machine named first. That it is in the wanted state already is told in
 * place of the success sentence, and is a success, so that scripts may repeat themselves.
 */
export async function changeState(input: Input, cli: Cli, change: StateChange): Promise<number> {
  const [name = ''] = input.args
  const operation = await runQuietly(cli, input, change.call, { ...change.target, params: { name } })
  const already = operation.warnings.find((warning) => warning.includes(' is already '))
  for (const warning of operation.warnings) if (warning !== already) cli.err(`warning: ${warning}\n`)
  cli.err(`${already ?? `Successfully ${change.done} VM ${operation.subject}`}\n`)
  return 0
}
