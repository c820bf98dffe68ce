import type { Command } from '../command.ts'
import { actOnZone } from './act.ts'

export const command: Command = {
  arguments: [],
  options: [],
  examples: [{ command: 'zoneadm -z web01 halt', summary: 'Halts web01' }],
  run: (input, cli) => actOnZone(input, cli, 'machine.stop', { force: true }),
}
