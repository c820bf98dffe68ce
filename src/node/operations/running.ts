import type { Operation, OperationEvent } from '#contracts/operation/schema.ts'

/** An operation and who waits for it. */
export interface Running {
  operation: Operation
  controller: AbortController
  listeners: Set<() => void>
  ended: Promise<void>
}

/** Wakes the followers: something about the operation has changed. */
export function tell(running: Running): void {
  for (const listener of running.listeners) listener()
}

/** The operation's events from now to its end; a slow reader skips what has been overtaken meanwhile. */
export async function* followRunning(running: Running, signal: AbortSignal): AsyncGenerator<OperationEvent> {
  let wake = Promise.withResolvers<void>()
  const listener = (): void => wake.resolve()
  running.listeners.add(listener)
  signal.addEventListener('abort', listener, { once: true })
  try {
    while (!signal.aborted) {
      const { operation } = running
      if (operation.finished_at !== null) {
        yield operation.error === undefined ? { type: 'done', operation } : { type: 'failed', operation, error: operation.error }
        return
      }
      if (operation.state !== 'queued') yield { type: 'progress', operation: { ...operation } }
      await wake.promise
      wake = Promise.withResolvers()
    }
  } finally {
    running.listeners.delete(listener)
    signal.removeEventListener('abort', listener)
  }
}
