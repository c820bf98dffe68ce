import type { NicTag } from '#contracts/network/address.ts'
import { hasOption, type Command } from '../command.ts'

export const command: Command = {
  arguments: [{ name: 'NAME', summary: 'Names of nic tags', many: true, complete: 'nic_tag' }],
  options: [{ long: 'list', short: 'l', summary: 'Prints those that do not exist on standard error' }],
  examples: [{ command: 'nictagadm exists admin && echo yes', summary: 'Asks for the tag admin' }],
  async run(input, cli) {
    const known = new Set((await cli.node.json<NicTag[]>('nic_tag.list')).map((tag) => tag.name))
    const missing = input.args.filter((name) => !known.has(name))
    if (hasOption(input, 'list')) cli.err(missing.map((name) => `${name}\n`).join(''))
    return missing.length === 0 ? 0 : 1
  },
}
