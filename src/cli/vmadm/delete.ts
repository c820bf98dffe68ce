import { hasOption, type Command } from '../command.ts'
import { jsonEventsOption, runOperation } from '../follow-operation.ts'
import { machineArgument } from './machine-name.ts'
import { dryRunOption, renderPlan } from './plan-text.ts'

export const command: Command = {
  description: ['Halts the machine at once and destroys its datasets. There is no way back.'],
  arguments: [machineArgument('delete')],
  options: [dryRunOption, jsonEventsOption],
  examples: [{ command: 'vmadm delete web01', summary: 'Deletes web01' }],
  failure: ({ args: [name] }) => `Failed to delete VM ${name}`,
  async run(input, cli) {
    const [name = ''] = input.args
    const dryRun = hasOption(input, 'dry-run')
    const operation = await runOperation(cli, input, 'machine.delete', { params: { name }, query: { dry_run: dryRun || undefined } })
    if (dryRun) cli.out(hasOption(input, 'json') ? '' : renderPlan(operation))
    else cli.err(`Successfully deleted VM ${operation.subject}\n`)
    return 0
  },
}
