import type { Command } from '../../cli/command.ts'
import { command as sync } from './sync.ts'

/** SmartOS's name for refreshing what is on the disks after an upgrade. */
export const command: Command = {
  ...sync,
  description: ['The same as piadm sync: writes loader, menu and images of the boot partitions anew where they differ.'],
  examples: [{ command: 'piadm update', summary: 'Refreshes the loader after an upgrade' }],
}
