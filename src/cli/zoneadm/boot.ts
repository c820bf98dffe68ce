import type { Command } from '../command.ts'
import { actOnZone } from './act.ts'

export const command: Command = {
  arguments: [],
  options: [],
  examples: [{ command: 'zoneadm -z web01 boot', summary: 'Starts web01' }],
  run: (input, cli) => actOnZone(input, cli, 'machine.start', undefined),
}
