import type { Command } from '../command.ts'
import { machineArgument } from './machine-name.ts'

export const command: Command = {
  arguments: [machineArgument('get')],
  options: [],
  examples: [{ command: 'vmadm get web01', summary: 'Prints all properties of the machine with the alias web01' }],
  async run({ args: [name = ''] }, cli) {
    const machine = await cli.node.json('machine.get', { params: { name } })
    cli.out(`${JSON.stringify(machine, null, 2)}\n`)
    return 0
  },
}
