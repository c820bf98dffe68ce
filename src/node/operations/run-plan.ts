import { AppError, isAppError } from '#contracts/errors.ts'
import type { Context } from '#host/context.ts'
import type { Parts } from '../parts.ts'
import { executeStep, undoStep } from '../steps/execute.ts'
import { membersOf, type Plan, type Step } from '../steps/step.ts'
import { isCommitted } from './commit.ts'
import type { Journal, JournalEntry } from './journal.ts'

/** Where tests fail or stop an operation: called before and after each step. */
export interface Hooks {
  beforeStep?: (step: Step, entry: JournalEntry) => void | Promise<void>
  afterStep?: (step: Step, entry: JournalEntry) => void | Promise<void>
}

export interface RunPlanOptions {
  parts: Parts
  journal: Journal
  hooks: Hooks
  signal: AbortSignal
  report: (done: number, step: Step) => void
  /** Told of an entry that stays, because the rest or the undo of it failed. */
  keep: (entry: JournalEntry) => void
}

/** `whole`: the journal entry has done its duty; `kept`: the rest is to be finished later. */
export type Outcome = 'whole' | 'kept'

/**
 * Journal, then step after step. A failure or a cancel undoes what was done, in reverse, removes the
 * journal entry and is thrown. A failure past the point of no return keeps the entry, to be finished later.
 */
export async function runPlan(entry: JournalEntry, options: RunPlanOptions): Promise<Outcome> {
  const { plan } = entry
  await options.journal.write(entry)
  let done = 0
  try {
    for (const step of plan.steps) {
      const final = isFinal(plan, done)
      if (options.signal.aborted && !final) throw new AppError('Cancelled', 'The operation was cancelled.')
      options.report(done, step)
      await options.hooks.beforeStep?.(step, entry)
      await executeStep(step, contextFor(options, final ? new AbortController().signal : options.signal), options.parts)
      done += 1
      await options.hooks.afterStep?.(step, entry)
    }
    return 'whole'
  } catch (error) {
    if (isFinal(plan, done)) return postpone(entry, error, options)
    await takeBack(entry, done, error, options)
    throw error
  }
}

/** Whether the step of that number, or what comes behind the last one, lies past the point of no return. */
function isFinal(plan: Plan, step: number): boolean {
  return plan.finish_from !== undefined && step >= plan.finish_from
}

function postpone(entry: JournalEntry, error: unknown, options: RunPlanOptions): Outcome {
  options.parts.log.error({ err: error, operation: entry.id, kind: entry.kind, subject: entry.subject }, 'the rest of an operation is left for later')
  entry.plan.warnings.push(
    `What is left of it could not be removed yet (${(error as Error).message}); it is tried again before the next operation on ${entry.subject}.`,
  )
  options.keep(entry)
  return 'kept'
}

async function takeBack(entry: JournalEntry, done: number, error: unknown, options: RunPlanOptions): Promise<void> {
  const { plan } = entry
  // The guest is whole, it only did not say that it is ready: it stays, in state `failed`, for its owner to look at.
  if (isAppError(error, 'ProvisionFailed')) return await runRest(entry, done + 1, options)
  const clean = await undoSteps(plan, done, options)
  if (clean) await options.journal.remove(entry)
  else options.keep(entry)
}

async function runRest(entry: JournalEntry, from: number, options: RunPlanOptions): Promise<void> {
  const context = contextFor(options, new AbortController().signal)
  for (const step of entry.plan.steps.slice(from)) await executeStep(step, context, options.parts)
  await options.journal.remove(entry)
}

/** Undoes the first `done` steps, and the one that failed half way. True when all went well. */
async function undoSteps(plan: Plan, done: number, options: RunPlanOptions): Promise<boolean> {
  const context = contextFor(options, new AbortController().signal)
  let clean = true
  for (const step of plan.steps.slice(0, done).toReversed()) {
    try {
      await undoStep(step, context, options.parts)
    } catch (error) {
      clean = false
      options.parts.log.error({ err: error, step: step.kind }, 'could not undo a step; the next start tries again')
    }
  }
  return clean
}

/** After a kill: finishes a committed operation, unwinds any other. Safe to run again. */
export async function recoverPlan(entry: JournalEntry, options: Pick<RunPlanOptions, 'parts' | 'journal'>): Promise<'finished' | 'unwound'> {
  const { plan } = entry
  const context = contextFor(options, new AbortController().signal)
  if (!isCommitted(plan.commit, options.parts)) {
    for (const step of plan.steps.toReversed()) await undoStep(step, context, options.parts)
    await options.journal.remove(entry)
    return 'unwound'
  }
  for (const step of stepsAfterCommit(plan)) await executeStep(step, context, options.parts)
  await options.journal.remove(entry)
  return 'finished'
}

/** The commit is the state's own record; what comes before it has been done. */
function stepsAfterCommit(plan: Plan): Step[] {
  const committing = {
    record_written: 'record.write',
    record_removed: 'record.remove',
    image_written: 'image.write',
    image_removed: 'image.remove',
    always: null,
    never: null,
  }[plan.commit.when]
  if (committing === null) return plan.steps
  // What goes on beside the commit may not have been done; it can be done again.
  const isOther = (step: Step): boolean => step.kind !== committing
  const at = plan.steps.findLastIndex((step) => membersOf(step).some((member) => member.kind === committing))
  return [...membersOf(plan.steps[at]!).filter(isOther), ...plan.steps.slice(at + 1)]
}

function contextFor(options: Pick<RunPlanOptions, 'parts'>, signal: AbortSignal): Context {
  return { signal, log: options.parts.log, now: options.parts.now }
}
