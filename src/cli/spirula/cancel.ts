import type { Operation } from '#contracts/operation/schema.ts'
import type { Command } from '../command.ts'
import { findOperation, operationArgument } from './find-operation.ts'

export const command: Command = {
  arguments: [operationArgument],
  options: [],
  examples: [{ command: 'spirula cancel 5b9a6a7e', summary: 'Stops and undoes it' }],
  async run({ args: [typed = ''] }, cli) {
    const id = await findOperation(typed, cli)
    const operation = await cli.node.json<Operation>('operation.cancel', { params: { id } })
    cli.err(`Operation ${id} (${operation.kind} ${operation.subject}) is ${operation.state}.\n`)
    return 0
  },
}
