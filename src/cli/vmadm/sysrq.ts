import { AppError } from '#contracts/errors.ts'
import type { Command } from '../command.ts'
import { usage } from '../parse-args.ts'
import { machineArgument } from './machine-name.ts'

const requests = ['nmi', 'screenshot'] as const

export const command: Command = {
  description: ['Only virtual machines (brands kvm and bhyve) take system requests; this node runs zones only so far.'],
  arguments: [machineArgument('sysrq'), { name: 'REQUEST', summary: 'nmi or screenshot', complete: requests }],
  options: [],
  examples: [{ command: 'vmadm sysrq vm01 nmi', summary: 'Interrupts vm01, which cannot mask it' }],
  failure: ({ args: [name, request] }) => `Unable to send ${request} to VM ${name}`,
  async run({ args: [name = '', request = ''] }, cli) {
    if (!requests.some((known) => known === request)) throw usage(`Invalid sysrq request "${request}": nmi or screenshot is expected.`)
    const machine = await cli.node.json<{ brand: string }>('machine.get', { params: { name } })
    throw new AppError('NotSupported', `Machines of brand ${machine.brand} take no system requests, only kvm and bhyve do.`)
  },
}
