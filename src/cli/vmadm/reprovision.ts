import type { Command } from '../command.ts'
import { jsonEventsOption, runOperation } from '../follow-operation.ts'
import { fileOption, readPayload } from '../payload.ts'
import { machineArgument } from './machine-name.ts'

export const command: Command = {
  description: ['The payload is {"image_uuid": UUID}. The new root is a clone of that image; nics, metadata, quota and delegated data stay.'],
  arguments: [machineArgument('reprovision')],
  options: [fileOption, jsonEventsOption],
  examples: [{ command: `echo '{"image_uuid": "UUID"}' | vmadm reprovision web01`, summary: 'Gives web01 a new root' }],
  failure: ({ args: [name] }) => `Failed to reprovision VM ${name}`,
  async run(input, cli) {
    const [name = ''] = input.args
    const json = await readPayload(input, cli, 'Will not take payload from stdin when stdin is a tty.')
    const operation = await runOperation(cli, input, 'machine.reprovision', { params: { name }, json })
    cli.err(`Successfully reprovisioned VM ${operation.subject}\n`)
    return 0
  },
}
