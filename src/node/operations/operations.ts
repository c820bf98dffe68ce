import { randomUUID } from 'node:crypto'
import { AppError, isAppError, type ErrorBody } from '#contracts/errors.ts'
import type { Operation, OperationEvent, OperationKind } from '#contracts/operation/schema.ts'
import type { Context } from '#host/context.ts'
import type { Plan, Step } from '../steps/step.ts'
import type { Parts } from '../parts.ts'
import type { Journal, JournalEntry } from './journal.ts'
import type { Locks } from './locks.ts'
import { type Hooks, recoverPlan, runPlan } from './run-plan.ts'

/** What a route hands over to have done. */
export interface Request {
  kind: OperationKind
  subject: string
  /** Looks at the facts and decides, once the lock is held. */
  plan: (context: Context) => Promise<Plan> | Plan
  /** Always called at the end, whether it went well or not, before the operation says so: reads back and publishes. */
  settle?: (plan: Plan | null) => Promise<void>
  /** Only plan. */
  dry_run?: boolean
  /** A machine's state while it runs, e.g. `stopping`. */
  transition?: string
}

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

interface Running {
  operation: Operation
  controller: AbortController
  listeners: Set<() => void>
  ended: Promise<void>
}

const keptFinished = 1000

export function createOperations(options: { parts: Parts; journal: Journal; locks: Locks; hooks: Hooks }): Operations {
  const { parts } = options
  const known = new Map<string, Running>()
  // Entries whose rest or undo failed: tried again before anything else is done to their subject.
  const unfinished = new Map<string, JournalEntry>()

  function start(request: Request): Operation {
    const controller = new AbortController()
    const operation: Operation = {
      id: randomUUID(),
      kind: request.kind,
      subject: request.subject,
      state: 'queued',
      step: 0,
      steps: 0,
      message: 'waiting',
      created_at: parts.now().toISOString(),
      finished_at: null,
      warnings: [],
    }
    const running: Running = { operation, controller, listeners: new Set(), ended: Promise.resolve() }
    known.set(operation.id, running)
    forgetOldest(known)
    running.ended = conduct(running, request)
    return operation
  }

  /** From the queue to the end; never rejects: whatever happens ends in the operation's state. */
  async function conduct(running: Running, request: Request): Promise<void> {
    const { operation, controller } = running
    let plan: Plan | null = null
    let release: (() => void) | undefined
    let cleanUp: (() => Promise<void>) | undefined
    try {
      release = await options.locks.acquire(request.subject, controller.signal)
      operation.state = 'running'
      if (request.transition !== undefined) parts.live.setTransition(request.subject, request.transition, parts.now())
      await finishEarlier(request.subject)
      const context: Context = { signal: controller.signal, log: parts.log, now: parts.now }
      plan = await request.plan(context)
      operation.steps = plan.steps.length
      operation.warnings = plan.warnings
      if (request.dry_run === true) operation.result = { steps: plan.steps }
      else cleanUp = await execute(running, plan)
      await settle(request, plan)
      finish(running, null)
    } catch (error) {
      await settle(request, plan)
      finish(running, error)
    } finally {
      // The journal entry goes after the answer: a kill in between only finds an operation that is complete.
      await cleanUp?.().catch((error: unknown) => parts.log.error({ err: error, operation: operation.id }, 'journal entry not removed'))
      release?.()
    }
  }

  async function execute(running: Running, plan: Plan): Promise<() => Promise<void>> {
    const { operation } = running
    const entry = { v: 1 as const, id: operation.id, kind: operation.kind, subject: operation.subject, created_at: operation.created_at, plan }
    const report = (done: number, step: Step): void => {
      operation.step = done
      operation.message = step.kind
      tell(running)
    }
    const outcome = await runPlan(entry, {
      parts,
      journal: options.journal,
      hooks: options.hooks,
      signal: running.controller.signal,
      report,
      keep: (kept) => void unfinished.set(kept.subject, kept),
    })
    operation.step = plan.steps.length
    if (plan.result !== undefined) operation.result = plan.result
    // Without a commit to look at, a restart would take back what an entry still stands for: so before the answer.
    if (outcome === 'whole' && plan.commit.when === 'never') await options.journal.remove(entry)
    return async () => {
      if (outcome === 'whole' && plan.commit.when !== 'never') await options.journal.remove(entry)
    }
  }

  async function finishEarlier(subject: string): Promise<void> {
    const entry = unfinished.get(subject)
    if (entry === undefined) return
    await recoverPlan(entry, { parts, journal: options.journal })
    unfinished.delete(subject)
  }

  async function settle(request: Request, plan: Plan | null): Promise<void> {
    parts.live.clearTransition(request.subject)
    try {
      await request.settle?.(plan)
    } catch (error) {
      parts.log.error({ err: error, subject: request.subject }, 'could not read back after an operation')
    }
  }

  function finish(running: Running, error: unknown): void {
    const { operation, controller } = running
    operation.finished_at = parts.now().toISOString()
    if (error === null) {
      operation.state = 'done'
      operation.message = 'done'
    } else {
      operation.state = controller.signal.aborted && isAppError(error, 'Cancelled') ? 'cancelled' : 'failed'
      operation.error = describeError(error, operation, parts)
      operation.message = operation.error.message
    }
    tell(running)
  }

  function find(id: string): Running {
    const running = known.get(id)
    if (running === undefined) throw new AppError('OperationNotFound', `There is no operation ${id}; finished ones are kept for a while only.`)
    return running
  }

  return {
    start,
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

function tell(running: Running): void {
  for (const listener of running.listeners) listener()
}

async function* followRunning(running: Running, signal: AbortSignal): AsyncGenerator<OperationEvent> {
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

/** Expected refusals are told as they are; anything else is a defect: the log has it whole, the user its id. */
function describeError(error: unknown, operation: Operation, parts: Parts): ErrorBody {
  if (error instanceof AppError) {
    parts.log.info({ err: error, operation: operation.id, subject: operation.subject }, 'operation refused or failed')
    return error.toJSON()
  }
  parts.log.error({ err: error, operation: operation.id, subject: operation.subject }, 'defect in an operation')
  return new AppError('Internal', `Something went wrong that should not have; operation ${operation.id} is in the daemon's log.`, { cause: error }).toJSON()
}

function forgetOldest(known: Map<string, Running>): void {
  for (const [id, running] of known) {
    if (known.size <= keptFinished) return
    if (running.operation.finished_at !== null) known.delete(id)
  }
}
