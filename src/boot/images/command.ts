import { platformPaths } from '#contracts/platform/names.ts'
import type { Command } from '../../cli/command.ts'
import { ensureBundledImages } from './ensure-bundled.ts'

export const command: Command = {
  description: ['A node does it by itself when its boot has been checked.'],
  arguments: [],
  options: [],
  examples: [{ command: 'spirula-boot images', summary: 'Puts back an image of the platform that was deleted' }],
  async run(_input, cli) {
    const said = await ensureBundledImages(cli.node, platformPaths.images)
    for (const sentence of said) cli.err(`${sentence}\n`)
    return said.some((sentence) => sentence.includes('could not')) ? 1 : 0
  },
}
