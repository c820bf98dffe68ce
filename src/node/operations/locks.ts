import { AppError } from '#contracts/errors.ts'

/**
 * One operation at a time on a subject; others wait their turn in order of arrival. Waiting ends with
 * Cancelled when the waiter's signal aborts.
 */
export interface Locks {
  /** Resolves with the release function. */
  acquire(subject: string, signal: AbortSignal): Promise<() => void>
  isHeld(subject: string): boolean
}

export function createLocks(): Locks {
  const queues = new Map<string, (() => void)[]>()

  const release = (subject: string) => (): void => {
    const next = queues.get(subject)?.shift()
    if (next === undefined) queues.delete(subject)
    else next()
  }

  return {
    isHeld: (subject) => queues.has(subject),
    async acquire(subject, signal) {
      const queue = queues.get(subject)
      if (queue === undefined) {
        queues.set(subject, [])
        return release(subject)
      }
      const turn = Promise.withResolvers<void>()
      const onAbort = (): void => {
        const at = queue.indexOf(turn.resolve)
        if (at >= 0) queue.splice(at, 1)
        turn.reject(new AppError('Cancelled', `Cancelled while waiting for another operation on ${subject}.`))
      }
      queue.push(turn.resolve)
      signal.addEventListener('abort', onAbort, { once: true })
      await turn.promise.finally(() => signal.removeEventListener('abort', onAbort))
      return release(subject)
    },
  }
}
