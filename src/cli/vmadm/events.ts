import { AppError } from '#contracts/errors.ts'
import type { MachineEvent } from '#contracts/machine/event.ts'
import { hasOption, type Command } from '../command.ts'
import { renderEvent } from './render-event.ts'

export const command: Command = {
  description: ['Prints a line for each machine created or deleted and for each property that changes, until Ctrl-C.'],
  arguments: [{ name: 'UUID', summary: 'Only the changes of this machine: UUID, alias or the first letters of a UUID', optional: true, complete: 'machine' }],
  options: [
    { long: 'full', short: 'f', summary: 'Prints dates and UUIDs whole' },
    { long: 'json', short: 'j', summary: 'Prints each event as a line of JSON' },
    { long: 'ready', short: 'r', summary: 'Prints the first event too, which has all machines as they are' },
  ],
  examples: [{ command: 'vmadm events -jr', summary: 'All machines, then all changes, as JSON' }],
  async run(input, cli) {
    const [uuid] = input.args
    for await (const event of cli.node.stream<MachineEvent>('event.follow', { query: { uuid } })) {
      if (event.type === 'ready' && !hasOption(input, 'ready')) continue
      cli.out(hasOption(input, 'json') ? `${JSON.stringify(event)}\n` : renderEvent(event, hasOption(input, 'full')))
    }
    throw new AppError('DaemonUnreachable', 'The node daemon closed the connection.', { hint: 'spirula status' })
  },
}
