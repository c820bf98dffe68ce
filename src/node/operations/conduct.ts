import { AppError, isAppError, type ErrorBody } from '#contracts/errors.ts'
import type { Operation } from '#contracts/operation/schema.ts'
import { publishState } from '../machines/read.ts'
import type { Parts } from '../parts.ts'
import { membersOf, type Plan, type Step } from '../steps/step.ts'
import type { Journal, JournalEntry } from './journal.ts'
import type { Locks } from './locks.ts'
import type { Request } from './request.ts'
import { type Hooks, recoverPlan, runPlan } from './run-plan.ts'
import { type Running, tell } from './running.ts'

export interface Desk {
  parts: Parts
  journal: Journal
  locks: Locks
  hooks: Hooks
  /** Entries whose rest or undo failed, by subject: tried again before anything else is done to it. */
  unfinished: Map<string, JournalEntry>
}

/** From the queue to the end; never rejects: whatever happens ends in the operation's state. */
export async function conduct(running: Running, request: Request, desk: Desk): Promise<void> {
  let release: (() => void) | undefined
  let cleanUp: (() => Promise<void>) | undefined
  let failure: unknown = null
  try {
    release = await desk.locks.acquire(request.subject, running.controller.signal)
    cleanUp = await perform(running, request, desk)
  } catch (error) {
    failure = error
  }
  await settle(request, release !== undefined, desk.parts)
  finish(running, failure, desk.parts)
  // The journal entry goes after the answer: a kill in between only finds an operation that is complete.
  await cleanUp?.().catch((error: unknown) => desk.parts.log.error({ err: error, operation: running.operation.id }, 'journal entry not removed'))
  release?.()
}

/** With the lock held: what was left undone, then facts and plan, then the steps. */
async function perform(running: Running, request: Request, desk: Desk): Promise<(() => Promise<void>) | undefined> {
  const { operation, controller } = running
  const { parts } = desk
  operation.state = 'running'
  if (request.transition !== undefined && request.dry_run !== true) parts.live.setTransition(request.subject, request.transition, parts.now())
  await finishEarlier(request.subject, desk)
  const plan = await request.plan({ signal: controller.signal, log: parts.log, now: parts.now })
  operation.steps = plan.steps.length
  operation.warnings = plan.warnings
  if (request.dry_run !== true) return await execute(running, plan, desk)
  operation.result = { steps: plan.steps.flatMap(membersOf) }
  return undefined
}

async function execute(running: Running, plan: Plan, desk: Desk): Promise<() => Promise<void>> {
  const { operation } = running
  const { parts, journal, hooks } = desk
  const entry = { v: 1 as const, id: operation.id, kind: operation.kind, subject: operation.subject, created_at: operation.created_at, plan }
  const report = (done: number, step: Step): void => {
    operation.step = done
    operation.message = step.kind
    // Whoever watches sees the machine stopping, or being provisioned, and not only what comes of it.
    publishState(operation.subject, parts)
    tell(running)
  }
  const keep = (kept: JournalEntry): void => void desk.unfinished.set(kept.subject, kept)
  const outcome = await runPlan(entry, { parts, journal, hooks, signal: running.controller.signal, report, keep })
  operation.step = plan.steps.length
  if (plan.result !== undefined) operation.result = plan.result
  if (outcome === 'kept') return async () => {}
  if (plan.commit.when !== 'never') return () => journal.remove(entry)
  // Without a commit to look at, a restart would take back what an entry still stands for: so before the answer.
  await journal.remove(entry)
  return async () => {}
}

async function finishEarlier(subject: string, desk: Desk): Promise<void> {
  const entry = desk.unfinished.get(subject)
  if (entry === undefined) return
  await recoverPlan(entry, desk)
  desk.unfinished.delete(subject)
}

async function settle(request: Request, held: boolean, parts: Parts): Promise<void> {
  if (held) parts.live.clearTransition(request.subject)
  try {
    await request.settle?.()
  } catch (error) {
    parts.log.error({ err: error, subject: request.subject }, 'could not read back after an operation')
  }
}

function finish(running: Running, failure: unknown, parts: Parts): void {
  const { operation, controller } = running
  operation.finished_at = parts.now().toISOString()
  operation.state = failure === null ? 'done' : controller.signal.aborted && isAppError(failure, 'Cancelled') ? 'cancelled' : 'failed'
  if (failure !== null) operation.error = describeError(failure, operation, parts)
  operation.message = operation.error?.message ?? 'done'
  tell(running)
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
