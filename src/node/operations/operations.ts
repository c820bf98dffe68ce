import { randomUUID } from 'node:crypto'
import { AppError } from '#contracts/errors.ts'
import type { Operation, OperationEvent } from '#contracts/operation/schema.ts'
import { conduct, type Desk } from './conduct.ts'
import type { Request } from './request.ts'
import { followRunning, type Running, tell } from './running.ts'

export interface Operations {
  start(request: Request): Operation
  get(id: string): Operation
  list(): Operation[]
  cancel(id: string): Operation
  /** The operation's events from now to its end; the present state comes first. */
  follow(id: string, signal: AbortSignal): AsyncGenerator<OperationEvent>
  /** Resolves when the operation has ended. */
  wait(id: string): Promise<Operation>
  /** Resolves when nothing runs any more. */
  idle(): Promise<void>
}

const keptFinished = 1000

/** The operations of the node, under way and recent. */
export function createOperations(options: Omit<Desk, 'unfinished'>): Operations {
  const desk: Desk = { ...options, unfinished: new Map() }
  const known = new Map<string, Running>()

  function find(id: string): Running {
    const running = known.get(id)
    if (running === undefined) throw new AppError('OperationNotFound', `There is no operation ${id}; finished ones are kept for a while only.`)
    return running
  }

  return {
    start(request) {
      const running = newRunning(request, desk.parts.now())
      known.set(running.operation.id, running)
      forgetOldest(known)
      running.ended = conduct(running, request, desk)
      return running.operation
    },
    get: (id) => find(id).operation,
    list: () => [...known.values()].map((running) => running.operation),
    cancel(id) {
      const running = find(id)
      if (running.operation.finished_at === null) {
        running.operation.state = 'cancelling'
        running.controller.abort()
        tell(running)
      }
      return running.operation
    },
    follow: (id, signal) => followRunning(find(id), signal),
    async wait(id) {
      const running = find(id)
      await running.ended
      return running.operation
    },
    async idle() {
      await Promise.all([...known.values()].map((running) => running.ended))
    },
  }
}

function newRunning(request: Request, now: Date): Running {
  const operation: Operation = {
    id: randomUUID(),
    kind: request.kind,
    subject: request.subject,
    state: 'queued',
    step: 0,
    steps: 0,
    message: 'waiting',
    created_at: now.toISOString(),
    finished_at: null,
    warnings: [],
  }
  return { operation, controller: new AbortController(), listeners: new Set(), ended: Promise.resolve() }
}

function forgetOldest(known: Map<string, Running>): void {
  for (const [id, running] of known) {
    if (known.size <= keptFinished) return
    if (running.operation.finished_at !== null) known.delete(id)
  }
}
