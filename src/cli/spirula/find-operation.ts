import { AppError } from '#contracts/errors.ts'
import type { Operation } from '#contracts/operation/schema.ts'
import type { Argument, Cli } from '../command.ts'

export const operationArgument: Argument = { name: 'ID', summary: 'Id of an operation, or its first letters', complete: 'operation' }

/** The whole id of the operation whose id begins with `start`. Throws OperationNotFound, AmbiguousName. */
export async function findOperation(start: string, cli: Cli): Promise<string> {
  if (start.length === 36) return start
  const matches = (await cli.node.json<Operation[]>('operation.list')).filter((operation) => operation.id.startsWith(start))
  const [match] = matches
  if (match === undefined)
    throw new AppError('OperationNotFound', `There is no operation ${start}; finished ones are kept for a while only.`, { hint: 'spirula operations' })
  if (matches.length > 1) throw new AppError('AmbiguousName', `${start} fits ${matches.length} operations.`, { hint: 'give more of the id' })
  return match.id
}
