import type { Command } from '../command.ts'
import { hasOption } from '../command.ts'
import { jsonEventsOption, runOperation } from '../follow-operation.ts'
import { fileOption, readPayload } from '../payload.ts'
import { dryRunOption, renderPlan, strictOption } from './plan-text.ts'

export const command: Command = {
  description: [
    'The payload is a JSON object of properties, from a file or standard input. A UUID is made when the payload has none.',
    'When creating fails nothing is left behind; a machine stays, in state failed, only when its guest said that it could not be provisioned.',
    'The first Ctrl-C cancels and waits until all is undone; the second leaves the operation to itself.',
  ],
  arguments: [],
  options: [fileOption, strictOption, dryRunOption, jsonEventsOption],
  examples: [
    { command: 'vmadm create -f web.json', summary: 'Creates the machine described in web.json' },
    { command: 'vmadm create -n < web.json', summary: 'Shows what would be done' },
  ],
  async run(input, cli) {
    const json = await readPayload(input, cli, 'Will not create from stdin when stdin is a tty.')
    const dryRun = hasOption(input, 'dry-run')
    const query = { dry_run: dryRun || undefined, strict: hasOption(input, 'strict') || undefined }
    const operation = await runOperation(cli, input, 'machine.create', { json, query })
    if (dryRun) cli.out(hasOption(input, 'json') ? '' : renderPlan(operation))
    else cli.err(`Successfully created VM ${operation.subject}\n`)
    return 0
  },
}
