import type { Command } from '../command.ts'
import { findImage } from './find-image.ts'
import { imageArgument } from './image-argument.ts'

export const command: Command = {
  description: ['Of installed images only: this node has no image sources yet.'],
  arguments: [imageArgument],
  options: [],
  examples: [{ command: 'imgadm show debian@13', summary: 'Prints the manifest' }],
  async run({ args: [name = ''] }, cli) {
    const { manifest } = await cli.node.json<{ manifest: unknown }>('image.get', { params: { uuid: await findImage(name, cli) } })
    cli.out(`${JSON.stringify(manifest, null, 2)}\n`)
    return 0
  },
}
