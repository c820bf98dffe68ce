import type { Command } from '../command.ts'
import { findImage } from './find-image.ts'
import { imageArgument } from './image-argument.ts'

export const command: Command = {
  arguments: [imageArgument],
  options: [{ long: 'pool', short: 'P', value: 'POOL', summary: 'Accepted: there is one pool' }],
  examples: [{ command: 'imgadm get debian@13', summary: 'Manifest, pool, source and number of clones' }],
  async run({ args: [name = ''] }, cli) {
    const image = await cli.node.json('image.get', { params: { uuid: await findImage(name, cli) } })
    cli.out(`${JSON.stringify(image, null, 2)}\n`)
    return 0
  },
}
