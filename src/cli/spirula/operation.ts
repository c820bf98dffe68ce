import { hasOption, type Command } from '../command.ts'
import { jsonEventsOption, watchOperation } from '../follow-operation.ts'
import { findOperation, operationArgument } from './find-operation.ts'

export const command: Command = {
  arguments: [operationArgument],
  options: [{ long: 'follow', short: 'f', summary: 'Waits for its end; Ctrl-C only stops waiting. The exit code is 1 when it failed' }, jsonEventsOption],
  examples: [{ command: 'spirula operation 5b9a6a7e --follow', summary: 'Waits for its end' }],
  async run(input, cli) {
    const id = await findOperation(input.args[0] ?? '', cli)
    if (hasOption(input, 'follow')) {
      const operation = await watchOperation(cli, input, id)
      cli.err(`Operation ${id} (${operation.kind} ${operation.subject}) is done.\n`)
      return 0
    }
    const operation = await cli.node.json('operation.get', { params: { id } })
    cli.out(`${JSON.stringify(operation, null, 2)}\n`)
    return 0
  },
}
