import { AppError } from '#contracts/errors.ts'
import type { Command } from '../command.ts'
import { machineArgument } from './machine-name.ts'

export const command: Command = {
  description: ['Stops the machine, then writes its description and its datasets as one stream for vmadm receive.'],
  arguments: [machineArgument('send')],
  options: [],
  examples: [{ command: 'vmadm send web01 | ssh other vmadm receive', summary: 'Copies web01 to another node' }],
  failure: ({ args: [name] }) => `Failed to send VM ${name}`,
  async run({ args: [typed = ''] }, cli) {
    if (cli.isTerminal(1)) throw new AppError('Usage', 'Cannot send VM to a TTY.')
    const { uuid } = await cli.node.json<{ uuid: string }>('machine.get', { params: { name: typed } })
    for await (const chunk of cli.node.bytes('machine.send', { params: { name: uuid } })) cli.out(chunk)
    cli.err(`Successfully sent VM ${uuid}\n`)
    return 0
  },
}
