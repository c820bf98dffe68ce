import type { Operation } from '#contracts/operation/schema.ts'
import { renderColumns } from '#lib/table-text.ts'
import { hasOption, type Command } from '../command.ts'

export const command: Command = {
  arguments: [],
  options: [
    { long: 'json', short: 'j', summary: 'Prints all as JSON' },
    { long: 'no-header', short: 'H', summary: 'Leaves out the header' },
  ],
  examples: [{ command: 'spirula operations', summary: 'What is going on' }],
  async run(input, cli) {
    const operations = await cli.node.json<Operation[]>('operation.list')
    cli.out(hasOption(input, 'json') ? `${JSON.stringify(operations, null, 2)}\n` : renderOperations(operations, !hasOption(input, 'no-header')))
    return 0
  },
}

/** One line an operation, the sentence it is at or ended with last. */
export function renderOperations(operations: readonly Operation[], headers: boolean): string {
  const columns = ['ID', 'KIND', 'SUBJECT', 'STATE', 'STEP', 'STARTED', 'MESSAGE'].map((header) => ({ header }))
  const rows = operations.map((operation) => [
    operation.id,
    operation.kind,
    operation.subject,
    operation.state,
    `${operation.step}/${operation.steps}`,
    operation.created_at,
    operation.message,
  ])
  return renderColumns(columns, rows, { headers })
}
