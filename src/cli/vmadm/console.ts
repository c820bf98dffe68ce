import { connectConsole } from '../connect-console.ts'
import type { Command } from '../command.ts'
import { machineArgument } from './machine-name.ts'

export const command: Command = {
  description: ['The machine must be running. Ctrl-] leaves the console; the machine goes on.'],
  arguments: [machineArgument('console')],
  options: [],
  examples: [{ command: 'vmadm console web01', summary: 'Connects to the console of web01' }],
  failure: ({ args: [name] }) => `Unable to connect to the console of VM ${name}`,
  run: ({ args: [name = ''] }, cli) => connectConsole(name, cli),
}
