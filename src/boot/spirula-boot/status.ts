import { bootFiles, BootHealth, BootState, BootTimes } from '#contracts/platform/boot-state.ts'
import { AppError } from '#contracts/errors.ts'
import { platformPaths } from '#contracts/platform/names.ts'
import { readJsonFile } from '#host/fs/atomic.ts'
import { renderStatus } from '#plan/health/status.ts'
import { type Command, hasOption } from '../../cli/command.ts'

export const command: Command = {
  arguments: [],
  options: [{ long: 'json', short: 'j', summary: 'Prints one JSON document: state, health, times' }],
  examples: [{ command: 'spirula-boot status', summary: 'State, steps, problems, and the seconds from the kernel to the first guest' }],
  async run(input, cli) {
    const [state, health, times] = await Promise.all([readJsonFile(platformPaths.bootState), readJsonFile(bootFiles.health), readJsonFile(bootFiles.times)])
    if (state === null) throw new AppError('NotFound', 'This boot has no state yet: spirula-boot start has not ended.', { hint: 'journalctl -u spirula-start' })
    const all = {
      state: BootState.parse(state),
      health: health === null ? null : BootHealth.parse(health),
      times: times === null ? null : BootTimes.parse(times),
    }
    cli.out(hasOption(input, 'json') ? `${JSON.stringify(all, null, 2)}\n` : renderStatus(all))
    return 0
  },
}
