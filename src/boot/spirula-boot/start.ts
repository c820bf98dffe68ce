import type { Command } from '../../cli/command.ts'
import { readNics } from '../start/nics.ts'
import { realPools } from '../start/pools.ts'
import { startNode } from '../start/start.ts'
import { createSystem } from '../system.ts'
import { writeTexts } from '../health/texts.ts'

export const command: Command = {
  description: [
    'Run once by systemd early at boot, and again at the end of the first-boot dialogue. Imports the pools of this machine,',
    'mounts what lasts and applies /usbkey/config. It may be run by hand after that file was changed.',
    'A step that fails does not keep the next ones from being done; spirula-boot status tells.',
  ],
  arguments: [],
  options: [],
  examples: [{ command: 'spirula-boot start', summary: 'Applies /usbkey/config again' }],
  async run(_input, cli) {
    const system = createSystem()
    const state = await startNode({ system, pools: realPools, readNics })
    await writeTexts(system, state, null)
    cli.out(`spirula: this node is ${state.state}.${state.reason === undefined ? '' : ` ${state.reason}`}\n`)
    for (const problem of state.problems) cli.out(`spirula: ${problem}\n`)
    // A boot goes on whatever was found: the state says what it was.
    return 0
  },
}
