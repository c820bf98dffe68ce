import { hasOption, type Command } from '../command.ts'
import { jsonEventsOption } from '../follow-operation.ts'
import { machineArgument } from './machine-name.ts'
import { changeState } from './state-change.ts'

export const command: Command = {
  arguments: [machineArgument('reboot')],
  options: [{ long: 'force', short: 'F', summary: 'Halts and starts at once, without asking the guest' }, jsonEventsOption],
  examples: [{ command: 'vmadm reboot web01', summary: 'Reboots web01' }],
  failure: ({ args: [name] }) => `Unable to reboot VM ${name}`,
  run(input, cli) {
    const json = hasOption(input, 'force') ? { force: true } : {}
    return changeState(input, cli, { call: 'machine.reboot', target: { json }, done: 'completed reboot for' })
  },
}
