import type { Command } from '../command.ts'

export const command: Command = {
  arguments: [{ name: 'NAME', summary: 'Name of the nic tag', complete: 'nic_tag' }],
  options: [],
  examples: [{ command: 'nictagadm vms admin', summary: 'The machines with a nic on admin' }],
  async run({ args: [name = ''] }, cli) {
    const uuids = await cli.node.json<string[]>('nic_tag.machines', { params: { name } })
    cli.out(uuids.map((uuid) => `${uuid}\n`).join(''))
    return 0
  },
}
