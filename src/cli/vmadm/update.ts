import { hasOption, type Command } from '../command.ts'
import { jsonEventsOption, runOperation } from '../follow-operation.ts'
import { fileOption, readPayload } from '../payload.ts'
import { parseAssignments } from './assignments.ts'
import { machineArgument } from './machine-name.ts'
import { dryRunOption, renderPlan, strictOption } from './plan-text.ts'

export const command: Command = {
  description: [
    'The change is a JSON object from a file or standard input, or PROPERTY=VALUE words. An empty value unsets a property.',
    'set_tags, remove_tags and the like change customer_metadata, internal_metadata, tags and routes key by key; add_nics, update_nics and remove_nics change nics by their mac, and so for filesystems (by target).',
  ],
  arguments: [machineArgument('update'), { name: 'PROPERTY=VALUE', summary: 'What to change; in place of a payload', optional: true, many: true }],
  options: [fileOption, strictOption, dryRunOption, jsonEventsOption],
  examples: [
    { command: 'vmadm update web01 max_physical_memory=1024', summary: 'Gives web01 1 GiB, at once' },
    { command: `echo '{"set_tags": {"role": "web"}}' | vmadm update web01`, summary: 'Adds a tag' },
    { command: 'vmadm update web01 remove_nics=02:08:20:1c:5e:11', summary: 'Takes a nic away' },
  ],
  async run(input, cli) {
    const [name = '', ...words] = input.args
    const json = words.length > 0 ? parseAssignments(words) : await readPayload(input, cli, 'Will not update from stdin when stdin is a tty.')
    const dryRun = hasOption(input, 'dry-run')
    const query = { dry_run: dryRun || undefined, strict: hasOption(input, 'strict') || undefined }
    const operation = await runOperation(cli, input, 'machine.update', { params: { name }, query, json })
    if (dryRun) cli.out(hasOption(input, 'json') ? '' : renderPlan(operation))
    else cli.err(`Successfully updated VM ${operation.subject}\n`)
    return 0
  },
}
