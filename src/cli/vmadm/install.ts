import type { Command } from '../command.ts'
import { jsonEventsOption, runOperation } from '../follow-operation.ts'
import { machineArgument } from './machine-name.ts'

export const command: Command = {
  arguments: [machineArgument('install')],
  options: [jsonEventsOption],
  examples: [{ command: 'vmadm install web01', summary: 'Completes web01 after its datasets were received' }],
  failure: ({ args: [name] }) => `Failed to install VM ${name}`,
  async run(input, cli) {
    const [name = ''] = input.args
    const operation = await runOperation(cli, input, 'machine.install', { params: { name } })
    cli.err(`Successfully installed VM ${operation.subject}\n`)
    return 0
  },
}
