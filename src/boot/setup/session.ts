import type { SetupFacts } from '#plan/setup/facts.ts'
import { newPool } from '#plan/setup/questions-disks.ts'
import { openQuestions } from '#plan/setup/questions.ts'
import { renewFacts, startSetup, viewOfState, type SetupState } from '#plan/setup/state.ts'
import { planSetupWork, type SetupWork } from '#plan/setup/work.ts'
import { runDialogue, showProgress } from './dialogue.ts'
import { describeFailure, refuseOpen } from './execute.ts'
import type { ProgressItem } from './progress.ts'
import type { Terminal } from './terminal.ts'

export type Report = (items: readonly ProgressItem[]) => void

export interface SessionOptions {
  terminal: Terminal
  renew: (facts: SetupFacts, how: 'quick' | 'whole') => Promise<SetupFacts>
  renewMs: number
  /** Sets the node up; what it throws is shown, and the summary comes again. */
  carryOut: (work: SetupWork, report: Report) => Promise<void>
  /** A shell on the terminal, which was given back; ends when the shell does. */
  openShell: () => Promise<void>
}

/** The whole first boot at a terminal: questions, shell, work, again when it failed. `left` = nobody wanted to go on. */
export async function runSession(start: SetupState, options: SessionOptions): Promise<{ end: 'done' | 'left'; state: SetupState }> {
  const { terminal } = options
  let next = start
  for (;;) {
    const { state, outcome } = await runDialogue(next, options)
    if (outcome === 'left') {
      terminal.suspend()
      return { end: 'left', state }
    }
    if (outcome === 'shell') {
      next = await visitShell(state, options)
      continue
    }
    const failure = await tryWork(state, options.carryOut, showProgress(terminal, state))
    if (failure === null) {
      terminal.suspend()
      return { end: 'done', state }
    }
    next = afterFailure(state, failure, await options.renew(state.facts, 'whole'))
  }
}

/** The work of a dialogue in which nothing is open. Throws InvalidPayload else. */
export function workOf(state: SetupState): SetupWork {
  const view = viewOfState(state)
  const open = openQuestions(view)
  return open.length > 0 ? refuseOpen(open) : planSetupWork(view)
}

async function visitShell(state: SetupState, options: SessionOptions): Promise<SetupState> {
  options.terminal.suspend()
  await options.openShell()
  options.terminal.resume()
  return renewFacts({ ...state, outcome: null }, await options.renew(state.facts, 'whole'))
}

/** null when it went well; else sentences. */
export async function tryWork(state: SetupState, carryOut: SessionOptions['carryOut'], show: Report): Promise<string[] | null> {
  let last: readonly ProgressItem[] = []
  try {
    await carryOut(workOf(state), (items) => {
      last = items
      show(items)
    })
    return null
  } catch (error) {
    return describeFailure(last, error)
  }
}

/** The summary with what went wrong. A pool that was made meanwhile is proposed, in place of making it again. */
export function afterFailure(state: SetupState, failure: string[], facts: SetupFacts): SetupState {
  const { pool, ...others } = state.texts
  const texts = pool === undefined || pool === newPool ? others : state.texts
  return startSetup(facts, { texts, given: state.given, notice: failure, place: 'summary' })
}
