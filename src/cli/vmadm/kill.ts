import { optionValue, type Command } from '../command.ts'
import { jsonEventsOption, runOperation } from '../follow-operation.ts'
import { machineArgument } from './machine-name.ts'

export const command: Command = {
  arguments: [machineArgument('kill')],
  options: [
    { long: 'signal', short: 's', value: 'SIGNAL', summary: 'Name with or without SIG, or number; SIGTERM when not given. Also -SIGNAL' },
    jsonEventsOption,
  ],
  examples: [
    { command: 'vmadm kill web01', summary: 'Sends SIGTERM' },
    { command: 'vmadm kill -HUP web01', summary: 'Sends SIGHUP; as -s HUP, -s SIGHUP, -1' },
  ],
  rewrite: (words) => words.flatMap((word) => (isSignalOption(word) ? ['-s', word.slice(1)] : [word])),
  failure: ({ args: [name] }) => `Unable to send signal to VM ${name}`,
  async run(input, cli) {
    const [name = ''] = input.args
    const typed = optionValue(input, 'signal') ?? 'SIGTERM'
    const signal = /^[0-9]+$/.test(typed) ? Number(typed) : typed
    const operation = await runOperation(cli, input, 'machine.kill', { params: { name }, json: { signal } })
    cli.err(`Sent signal "${typed}" to init process for VM ${operation.subject}\n`)
    return 0
  },
}

/** `-9`, `-KILL`, `-SIGRTMIN+3`. */
function isSignalOption(word: string): boolean {
  return /^-([0-9]+|[A-Z][A-Z0-9]+([+-][0-9]+)?)$/.test(word)
}
