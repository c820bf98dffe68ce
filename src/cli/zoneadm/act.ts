import type { CallId } from '#client/calls.ts'
import { optionValue, type Cli, type Input } from '../command.ts'
import { runQuietly } from '../follow-operation.ts'
import { usage } from '../parse-args.ts'

/** Does something to the zone of `-z`, silent when it went well, as zoneadm is. */
export async function actOnZone(input: Input, cli: Cli, call: CallId, json: Record<string, unknown> | undefined): Promise<number> {
  const name = readZoneName(cli)
  if (name === undefined) throw usage('a zone name must be specified: zoneadm -z NAME …')
  await runQuietly(cli, input, call, { params: { name }, ...(json === undefined ? {} : { json }) })
  return 0
}

/** The zone of `-z` or `-u`. */
export function readZoneName(cli: Cli): string | undefined {
  const tool: Input = { args: [], options: cli.toolOptions }
  return optionValue(tool, 'zone') ?? optionValue(tool, 'uuid')
}
