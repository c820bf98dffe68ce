import { hasOption, optionValue, type Command } from '../command.ts'
import { usage } from '../parse-args.ts'
import { renderParsableTags, renderTagTable, type ListedTag } from './render-tags.ts'

export const command: Command = {
  arguments: [],
  options: [
    { long: 'etherstubs', short: 'l', summary: 'Etherstubs only' },
    { long: 'no-etherstubs', short: 'L', summary: 'All but etherstubs' },
    { long: 'parsable', short: 'p', summary: 'Prints name:mac:link:type, colons inside escaped with \\' },
    { long: 'delimiter', short: 'd', value: 'CHAR', summary: 'With -p, this in place of the colon' },
  ],
  examples: [{ command: 'nictagadm list -p -d,', summary: 'For scripts' }],
  async run(input, cli) {
    const delimiter = optionValue(input, 'delimiter') ?? ':'
    if (delimiter.length !== 1) throw usage(`Invalid delimiter "${delimiter}": one character is expected.`)
    const only = hasOption(input, 'etherstubs') ? 'etherstub' : hasOption(input, 'no-etherstubs') ? 'normal' : undefined
    const tags = (await cli.node.json<ListedTag[]>('nic_tag.list')).filter((tag) => only === undefined || tag.type === only)
    cli.out(hasOption(input, 'parsable') ? renderParsableTags(tags, delimiter) : renderTagTable(tags))
    return 0
  },
}
