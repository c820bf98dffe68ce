import type { Command } from '../command.ts'
import { jsonEventsOption, runOperation } from '../follow-operation.ts'
import { findImage } from './find-image.ts'
import { imageArgument } from './image-argument.ts'

export const command: Command = {
  description: ['Refused while machines made from the image exist.'],
  arguments: [imageArgument],
  options: [{ long: 'pool', short: 'P', value: 'POOL', summary: 'Accepted: there is one pool' }, jsonEventsOption],
  examples: [{ command: 'imgadm delete debian@13', summary: 'Deletes the image' }],
  async run(input, cli) {
    const uuid = await findImage(input.args[0] ?? '', cli)
    await runOperation(cli, input, 'image.delete', { params: { uuid } })
    cli.err(`Deleted image ${uuid}\n`)
    return 0
  },
}
