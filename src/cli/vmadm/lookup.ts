import { AppError } from '#contracts/errors.ts'
import { parseFilters, parseOrder } from '#contracts/machine/fields.ts'
import { hasOption, optionValue, type Command } from '../command.ts'
import { usage } from '../parse-args.ts'

export const command: Command = {
  description: ['Prints the UUIDs of the machines for which all filters hold, one a line. Filters are those of vmadm list.'],
  arguments: [{ name: 'FIELD=VALUE', summary: 'Only machines with that value; FIELD=~REGEX for a regular expression', optional: true, many: true }],
  options: [
    { long: 'json', short: 'j', summary: 'Prints a list of whole machines as JSON' },
    { long: 'unique', short: '1', summary: 'Fails unless exactly one machine is found' },
    { long: 'order', short: 'o', value: 'FIELD,…', summary: 'With -j, only these fields of each machine' },
  ],
  examples: [
    { command: 'vmadm lookup -1 alias=web01', summary: 'The UUID of web01' },
    { command: 'vmadm lookup -j -o uuid,nics.0.ip tags.role=web', summary: 'UUIDs and addresses, as JSON' },
  ],
  async run(input, cli) {
    const isJson = hasOption(input, 'json')
    const order = optionValue(input, 'order')
    if (order !== undefined && !isJson) throw usage('Cannot specify -o without -j')
    // Only for the sentences about wrong ones: the daemon filters and picks.
    parseFilters(input.args, 'lookup')
    if (order !== undefined) parseOrder(order)
    const query = { fields: isJson ? order : 'uuid', filter: input.args }
    const machines = await cli.node.json<{ uuid: string }[]>('machine.list', { query })
    if (hasOption(input, 'unique') && machines.length !== 1) {
      throw new AppError('MachineNotFound', `Requested unique lookup but found ${machines.length} results.`)
    }
    cli.out(isJson ? `${JSON.stringify(machines, null, 2)}\n` : machines.map((machine) => `${machine.uuid}\n`).join(''))
    return 0
  },
}
