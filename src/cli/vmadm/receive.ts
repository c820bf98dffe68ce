import type { Command } from '../command.ts'
import { jsonEventsOption, runOperation } from '../follow-operation.ts'
import { fileOption, openInput } from '../payload.ts'

export const command: Command = {
  arguments: [],
  options: [fileOption, jsonEventsOption],
  examples: [{ command: 'vmadm receive -f web01.vmbundle', summary: 'Makes the machine in the file' }],
  failure: () => 'Failed to receive VM',
  async run(input, cli) {
    const bytes = openInput(input, cli, 'Will not receive from stdin when stdin is a tty.')
    const operation = await runOperation(cli, input, 'machine.receive', { bytes })
    cli.err(`Successfully received VM ${operation.subject}\n`)
    return 0
  },
}
