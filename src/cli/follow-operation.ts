import type { CallId } from '#client/calls.ts'
import { reviveError, type CallInput } from '#client/node-client.ts'
import { AppError } from '#contracts/errors.ts'
import type { Operation, OperationEvent } from '#contracts/operation/schema.ts'
import { hasOption, type Cli, type Input, type Option } from './command.ts'
import { createProgress, type Progress } from './progress.ts'

export const jsonEventsOption: Option = { long: 'json', summary: 'Prints each step as a line of JSON on standard output' }

interface Following {
  cli: Cli
  progress: Progress
  id: string | undefined
  interrupts: number
  detach: AbortController
}

/**
 * Starts a mutation and follows it to its end, showing progress; then its warnings go to stderr. The
 * first Ctrl-C cancels it and waits for the undo, the second leaves it to itself.
 * Throws what the operation failed with; Cancelled; DaemonUnreachable when the connection breaks.
 */
export async function runOperation(cli: Cli, input: Input, call: CallId, target: CallInput = {}): Promise<Operation> {
  const operation = await runQuietly(cli, input, call, target)
  printWarnings(cli, operation)
  return operation
}

/** As `runOperation`; the warnings of a success are left to the caller. */
export function runQuietly(cli: Cli, input: Input, call: CallId, target: CallInput = {}): Promise<Operation> {
  return follow(cli, hasOption(input, 'json'), (signal) => cli.node.follow(call, { ...target, signal }))
}

function printWarnings(cli: Cli, operation: Operation): void {
  for (const warning of operation.warnings) cli.err(`warning: ${warning}\n`)
}

/** Follows an operation that runs already; Ctrl-C only stops the following. */
export async function watchOperation(cli: Cli, input: Input, id: string): Promise<Operation> {
  return follow(cli, hasOption(input, 'json'), (signal) => cli.node.stream<OperationEvent>('operation.follow', { params: { id }, signal }), id)
}

async function follow(cli: Cli, json: boolean, open: (signal: AbortSignal) => AsyncIterable<OperationEvent>, watched?: string): Promise<Operation> {
  const following: Following = {
    cli,
    progress: createProgress(cli, json),
    id: watched,
    interrupts: watched === undefined ? 0 : 1,
    detach: new AbortController(),
  }
  const stop = cli.onInterrupt(() => interrupt(following))
  try {
    return await readToEnd(following, open(following.detach.signal))
  } finally {
    following.progress.clear()
    stop()
  }
}

async function readToEnd(following: Following, events: AsyncIterable<OperationEvent>): Promise<Operation> {
  for await (const event of events) {
    const isFirst = following.id === undefined
    following.id = event.operation.id
    following.progress.show(event)
    // Ctrl-C came before the operation had an id.
    if (isFirst && following.interrupts > 0) requestCancel(following)
    if (event.type !== 'progress') return finish(following, event)
  }
  throw new AppError('DaemonUnreachable', 'The node daemon closed the connection before the operation ended.', howToFollow(following))
}

function finish(following: Following, event: Exclude<OperationEvent, { type: 'progress' }>): Operation {
  following.progress.clear()
  if (event.type === 'done') return event.operation
  printWarnings(following.cli, event.operation)
  throw reviveError(event.error)
}

function interrupt(following: Following): void {
  following.interrupts += 1
  if (following.interrupts > 1) {
    following.detach.abort(new AppError('Cancelled', 'No longer waiting; the operation goes on by itself.', howToFollow(following)))
    return
  }
  following.progress.note('Cancelling; waiting for the undo. Ctrl-C again leaves it to itself.')
  if (following.id !== undefined) requestCancel(following)
}

function requestCancel(following: Following): void {
  const params = { id: following.id ?? '' }
  following.cli.node.json('operation.cancel', { params }).catch((error: unknown) => {
    following.progress.note(`The operation could not be cancelled: ${error instanceof Error ? error.message : String(error)}`)
  })
}

function howToFollow(following: Following): { hint: string } {
  return { hint: following.id === undefined ? 'spirula operations' : `spirula operation ${following.id} --follow` }
}
