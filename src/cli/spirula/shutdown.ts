import { AppError } from '#contracts/errors.ts'
import type { StopEvent } from '#contracts/node/stop-event.ts'
import { optionValue, type Cli, type Command } from '../command.ts'

const defaultTimeoutS = 120
const poweredOff = -2

export const command: Command = {
  description: [
    'Asks every running machine to shut down, in the reverse of the boot order, and halts those that do not within the time. Autoboot is not changed: what runs with autoboot comes back when the node boots.',
    'Which machines ran is noted in config/last-shutdown.json on the pool. The daemon goes on.',
  ],
  arguments: [],
  options: [{ long: 'timeout', short: 't', value: 'SECONDS', summary: `Time for all of them together; ${defaultTimeoutS} unless given` }],
  examples: [{ command: 'spirula shutdown --timeout 60', summary: 'What a node does before it powers off' }],
  async run(input, cli) {
    const timeout_s = parseSeconds(optionValue(input, 'timeout') ?? String(defaultTimeoutS))
    let failed = 0
    for await (const event of cli.node.stream<StopEvent>('node.stop_all', { json: { timeout_s } })) {
      tell(event, cli)
      if (event.type === 'end') failed = event.failed
    }
    return failed === 0 ? 0 : 1
  },
}

function parseSeconds(text: string): number {
  const seconds = Number(text)
  if (Number.isInteger(seconds) && seconds >= 0 && seconds <= 86_400) return seconds
  throw new AppError('Usage', `The timeout must be a whole number of seconds from 0 to 86400, but is ${JSON.stringify(text)}.`)
}

function tell(event: StopEvent, cli: Cli): void {
  if (event.type === 'begin') cli.err(event.machines.length === 0 ? 'No machine runs.\n' : `Stopping ${event.machines.length} machines.\n`)
  if (event.type === 'stopped') cli.err(`${nameOf(event)} ${event.exit_status === poweredOff ? 'has shut down' : 'was halted'}.\n`)
  if (event.type === 'failed') cli.err(`${nameOf(event)} could not be stopped: ${event.message}\n`)
}

function nameOf({ uuid, alias }: { uuid: string; alias?: string }): string {
  return alias === undefined ? uuid : `${uuid} (${alias})`
}
