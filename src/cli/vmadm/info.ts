import type { Command } from '../command.ts'
import { machineArgument } from './machine-name.ts'

export const command: Command = {
  description: [
    'Types are all, block, blockstats, chardev, cpus, kvm, pci, spice, status, version and vnc, as far as the hypervisor has them. Zones have none.',
  ],
  arguments: [machineArgument('info'), { name: 'TYPES', summary: 'Comma list of types; all when not given', optional: true }],
  options: [],
  examples: [{ command: 'vmadm info vm01 vnc', summary: 'Prints where the screen of vm01 can be reached' }],
  failure: ({ args: [name] }) => `Unable to get VM info for VM ${name}`,
  async run({ args: [name = '', types] }, cli) {
    const info = await cli.node.json('machine.info', { params: { name }, query: { types } })
    cli.out(`${JSON.stringify(info, null, 2)}\n`)
    return 0
  },
}
