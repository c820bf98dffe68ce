import { hasOption, type Command } from '../command.ts'
import { actOnZone } from './act.ts'

export const command: Command = {
  arguments: [],
  options: [{ long: 'reboot', short: 'r', summary: 'Starts it again afterwards' }],
  examples: [{ command: 'zoneadm -z web01 shutdown -r', summary: 'Reboots web01 in order' }],
  run: (input, cli) => actOnZone(input, cli, hasOption(input, 'reboot') ? 'machine.reboot' : 'machine.stop', {}),
}
