import { hasOption, type Command } from '../command.ts'
import { runOperation } from '../follow-operation.ts'
import { parseTag } from './tag-spec.ts'

export const command: Command = {
  description: [
    'Names have letters, digits and _; that of an etherstub ends in a digit. Properties are mac, mtu (1500 to 9000), and, on this system, host_address (an address the node itself has there, CIDR) and nat (true lets its machines reach the world through the node).',
  ],
  arguments: [
    { name: 'NAME', summary: 'Name of the nic tag' },
    { name: 'MAC', summary: 'Address of the physical nic behind it; without one the tag is a network inside this node', optional: true },
  ],
  options: [
    { long: 'local', short: 'l', summary: 'An etherstub: a network inside this node' },
    { long: 'property', short: 'p', value: 'KEY=VALUE,…', many: true, summary: 'Properties' },
  ],
  examples: [
    { command: 'nictagadm add external 00:0c:29:1c:5e:11', summary: 'A tag on a physical nic' },
    { command: 'nictagadm add -l stub0', summary: 'An etherstub' },
    { command: 'nictagadm add -p host_address=10.88.0.1/24,nat=true internal', summary: 'A network inside this node, with a way out' },
  ],
  async run(input, cli) {
    const [name = '', mac] = input.args
    const json = parseTag({ name, mac, isEtherstub: hasOption(input, 'local'), properties: input.options.get('property') ?? [] })
    await runOperation(cli, input, 'nic_tag.create', { json })
    return 0
  },
}
