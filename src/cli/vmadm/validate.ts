import type { Command } from '../command.ts'
import { usage } from '../parse-args.ts'
import { fileOption, readPayload } from '../payload.ts'

export const command: Command = {
  description: [
    'A valid payload is confirmed on standard error. Else the mistakes are listed there as JSON (bad_values, bad_properties, missing_properties or bad_brand) and the exit code is 1.',
  ],
  arguments: [
    { name: 'ACTION', summary: 'create or update', missing: 'Must specify action: create or update', complete: ['create', 'update'] },
    { name: 'BRAND', summary: 'Brand of the machine to update', optional: true, complete: ['lx', 'joyent-minimal', 'joyent', 'builder', 'kvm', 'bhyve'] },
  ],
  options: [fileOption],
  examples: [
    { command: 'vmadm validate create -f web.json', summary: 'Checks a payload for vmadm create' },
    { command: 'vmadm validate update lx -f change.json', summary: 'Checks a payload for vmadm update of an lx machine' },
  ],
  async run(input, cli) {
    const [action = '', typedBrand] = input.args
    if (action !== 'create' && action !== 'update') throw usage(`Invalid action "${action}": create or update is expected.`)
    if (action === 'update' && typedBrand === undefined) throw usage('Must specify a brand for validate update.')
    const json = await readPayload(input, cli, 'Will not validate from stdin when stdin is a tty.')
    const brand = typedBrand ?? String(json['brand'])
    const mistakes =
      action === 'create'
        ? await cli.node.json<Record<string, unknown>>('machine.validate_create', { json: typedBrand === undefined ? json : { ...json, brand } })
        : await cli.node.json<Record<string, unknown>>('machine.validate_update', { params: { brand }, json })
    if (Object.keys(mistakes).length > 0) {
      cli.err(`${JSON.stringify(mistakes, null, 2)}\n`)
      return 1
    }
    cli.err(`VALID '${action}' payload for ${brand} brand VMs.\n`)
    return 0
  },
}
