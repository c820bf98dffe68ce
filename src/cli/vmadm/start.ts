import type { Command } from '../command.ts'
import { jsonEventsOption } from '../follow-operation.ts'
import { machineArgument } from './machine-name.ts'
import { changeState } from './state-change.ts'

export const command: Command = {
  description: ['Also sets autoboot, so that the machine starts again with the node.'],
  arguments: [machineArgument('start')],
  options: [jsonEventsOption],
  examples: [{ command: 'vmadm start web01', summary: 'Starts the machine with the alias web01' }],
  failure: ({ args: [name] }) => `Unable to start VM ${name}`,
  run: (input, cli) => changeState(input, cli, { call: 'machine.start', done: 'started' }),
}
