import { defaultOrder, defaultSort, parseFilters, parseOrder, parseSort, renderTable, sortMachines } from '#contracts/machine/fields.ts'
import { hasOption, optionValue, type Command } from '../command.ts'

export const command: Command = {
  description: [
    'Fields are the properties of a machine as vmadm get prints them; nics.N.PROPERTY, disks.N.PROPERTY, tags.KEY, customer_metadata.KEY and internal_metadata.KEY reach inside.',
    'In a filter * stands for any number (nics.*.ip=10.0.0.2), and a VALUE that begins with ~ is a regular expression in which case does not matter.',
  ],
  arguments: [{ name: 'FIELD=VALUE', summary: 'Only machines with that value; all filters must hold', optional: true, many: true }],
  options: [
    { long: 'parsable', short: 'p', summary: 'Prints fields with colons between them and no header' },
    { long: 'no-header', short: 'H', summary: 'Leaves out the header' },
    { long: 'header', short: 'h', summary: 'Prints the header, as without -H' },
    { long: 'order', short: 'o', value: 'FIELD,…', summary: `Columns; ${defaultOrder} when not given` },
    { long: 'sortby', short: 's', value: 'FIELD,…', summary: `Order, - before a field turns it round; ${defaultSort} when not given` },
  ],
  examples: [
    { command: 'vmadm list', summary: 'All machines' },
    { command: 'vmadm list -Hpo uuid,alias,state', summary: 'For scripts' },
    { command: 'vmadm list -s -ram state=running alias=~^web', summary: 'Running ones whose alias begins with web, the largest first' },
  ],
  async run(input, cli) {
    const order = parseOrder(optionValue(input, 'order') ?? defaultOrder)
    const sort = parseSort(optionValue(input, 'sortby') ?? defaultSort)
    // Only for the sentence about a wrong one.
    parseFilters(input.args, 'list')
    // The daemon filters; only what is shown and sorted by comes over the socket.
    const fields = [...new Set([...order, ...sort.map((key) => key.field)])].join(',')
    const machines = await cli.node.json<Record<string, unknown>[]>('machine.list', { query: { fields, filter: input.args } })
    cli.out(renderTable(sortMachines(machines, sort), { order, parsable: hasOption(input, 'parsable'), header: !hasOption(input, 'no-header') }))
    return 0
  },
}
