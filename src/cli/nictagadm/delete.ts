import { hasOption, type Command } from '../command.ts'
import { runOperation } from '../follow-operation.ts'

export const command: Command = {
  arguments: [{ name: 'NAME', summary: 'Name of the nic tag', complete: 'nic_tag' }],
  options: [{ long: 'force', short: 'f', summary: 'Also when machines use it' }],
  examples: [{ command: 'nictagadm delete stub0', summary: 'Removes stub0 when no machine uses it' }],
  async run(input, cli) {
    const [name = ''] = input.args
    await runOperation(cli, input, 'nic_tag.delete', { params: { name }, query: { force: hasOption(input, 'force') || undefined } })
    return 0
  },
}
