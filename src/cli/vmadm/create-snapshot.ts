import type { Command } from '../command.ts'
import { jsonEventsOption, runOperation } from '../follow-operation.ts'
import { snapshotArguments } from './snapshot-arguments.ts'

export const command: Command = {
  description: ['The snapshot covers the root of the machine. A running zone sees it, read-only, below /checkpoints.'],
  arguments: snapshotArguments('create-snapshot'),
  options: [jsonEventsOption],
  examples: [{ command: 'vmadm create-snapshot web01 before-upgrade', summary: 'Takes a snapshot of web01' }],
  failure: ({ args: [name] }) => `Failed to create snapshot for VM ${name}`,
  async run(input, cli) {
    const [name = '', snapshot = ''] = input.args
    const operation = await runOperation(cli, input, 'snapshot.create', { params: { name }, json: { name: snapshot } })
    cli.err(`Created snapshot ${snapshot} for VM ${operation.subject}\n`)
    return 0
  },
}
