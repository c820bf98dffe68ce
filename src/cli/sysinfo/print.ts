import { hasOption, type Command } from '../command.ts'
import { renderShellFacts } from './shell-facts.ts'

export const command: Command = {
  arguments: [],
  options: [
    { long: 'force', short: 'f', summary: 'Accepted: facts are read anew each time' },
    { long: 'parsable', short: 'p', summary: `Prints lines Key='value' for a shell in place of JSON` },
    { long: 'update', short: 'u', summary: 'Accepted: facts are read anew each time; prints nothing' },
  ],
  examples: [
    { command: 'sysinfo | json UUID', summary: 'Prints the UUID of this node' },
    { command: 'eval "$(sysinfo -p)"; echo "$Live_Image"', summary: 'Takes the facts into a script' },
  ],
  async run(input, cli) {
    const facts = await cli.node.json<Record<string, unknown>>('node.sysinfo')
    if (hasOption(input, 'update')) return 0
    cli.out(hasOption(input, 'parsable') ? renderShellFacts(facts) : `${JSON.stringify(facts, null, 2)}\n`)
    return 0
  },
}
