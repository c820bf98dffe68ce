import type { Command } from '../command.ts'
import { jsonEventsOption, runOperation } from '../follow-operation.ts'
import { snapshotArguments } from './snapshot-arguments.ts'

export const command: Command = {
  arguments: snapshotArguments('delete-snapshot'),
  options: [jsonEventsOption],
  examples: [{ command: 'vmadm delete-snapshot web01 before-upgrade', summary: 'Deletes the snapshot of web01' }],
  failure: ({ args: [name] }) => `Failed to delete snapshot for VM ${name}`,
  async run(input, cli) {
    const [name = '', snapshot = ''] = input.args
    const operation = await runOperation(cli, input, 'snapshot.delete', { params: { name, snapshot } })
    cli.err(`Deleted snapshot ${snapshot} for VM ${operation.subject}\n`)
    return 0
  },
}
