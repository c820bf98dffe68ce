import { hasOption, optionValue, type Command } from '../command.ts'
import { jsonEventsOption } from '../follow-operation.ts'
import { usage } from '../parse-args.ts'
import { machineArgument } from './machine-name.ts'
import { changeState } from './state-change.ts'

export const command: Command = {
  description: ['Asks the guest to shut down, and halts it when it has not within its time. Also clears autoboot.'],
  arguments: [machineArgument('stop')],
  options: [
    { long: 'force', short: 'F', summary: 'Halts at once, without asking the guest' },
    { long: 'timeout', short: 't', value: 'SECONDS', summary: 'Time the guest gets; only for bhyve, KVM and docker containers' },
    jsonEventsOption,
  ],
  examples: [{ command: 'vmadm stop web01 -F', summary: 'Halts web01 at once' }],
  failure: ({ args: [name] }) => `Unable to stop VM ${name}`,
  run(input, cli) {
    const seconds = optionValue(input, 'timeout')
    if (seconds !== undefined && !/^[0-9]{1,5}$/.test(seconds)) throw usage(`Invalid timeout "${seconds}": a number of seconds is expected.`)
    const json = { ...(hasOption(input, 'force') ? { force: true } : {}), ...(seconds === undefined ? {} : { timeout_s: Number(seconds) }) }
    return changeState(input, cli, { call: 'machine.stop', target: { json }, done: 'completed stop for' })
  },
}
