import type { CallInput, NodeClient } from '#client/node-client.ts'
import type { CallId } from '#client/calls.ts'
import { reviveError } from '#client/node-client.ts'
import { AppError } from '#contracts/errors.ts'
import type { Operation } from '#contracts/operation/schema.ts'

/** Sends a mutation and waits for its end. Throws the error it failed with. */
export async function finishOperation(node: NodeClient, id: CallId, input: CallInput): Promise<Operation> {
  for await (const event of node.follow(id, input)) {
    if (event.type === 'failed') throw reviveError(event.error)
    if (event.type === 'done') return event.operation
  }
  throw new AppError('DaemonUnreachable', `The node daemon went away before ${id} was finished.`, { hint: './spirula status' })
}
