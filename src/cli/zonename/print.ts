import type { Command } from '../command.ts'
import { AppError } from '#contracts/errors.ts'

export const command: Command = {
  arguments: [{ name: 'ID', summary: 'Number of a running zone; the node itself, the global zone, is 0', optional: true }],
  options: [],
  examples: [{ command: 'zonename', summary: 'Prints global on the node' }],
  async run({ args: [id = '0'] }, cli) {
    if (id === '0') {
      cli.out('global\n')
      return 0
    }
    const machines = await cli.node.json<{ zonename: string; zoneid?: number }[]>('machine.list', { query: { fields: 'zonename,zoneid' } })
    const found = machines.find((machine) => String(machine.zoneid) === id)
    if (found === undefined) throw new AppError('MachineNotFound', `There is no running zone with the number ${id}.`)
    cli.out(`${found.zonename}\n`)
    return 0
  },
}
