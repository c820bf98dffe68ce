import type { Command } from '../command.ts'
import { jsonEventsOption, runOperation } from '../follow-operation.ts'
import { snapshotArguments } from './snapshot-arguments.ts'

export const command: Command = {
  description: ['Halts the machine, returns its root to the snapshot, and starts it again if it ran. Newer snapshots are destroyed.'],
  arguments: snapshotArguments('rollback-snapshot'),
  options: [jsonEventsOption],
  examples: [{ command: 'vmadm rollback-snapshot web01 before-upgrade', summary: 'Returns web01 to the snapshot' }],
  failure: ({ args: [name] }) => `Failed to rollback to snapshot for VM ${name}`,
  async run(input, cli) {
    const [name = '', snapshot = ''] = input.args
    const operation = await runOperation(cli, input, 'snapshot.rollback', { params: { name, snapshot } })
    cli.err(`Rolled back snapshot ${snapshot} for VM ${operation.subject}\n`)
    return 0
  },
}
