import { applyAnswers, parseAnswers, startPlace } from '#plan/setup/answers.ts'
import type { SetupFacts } from '#plan/setup/facts.ts'
import { startSetup, type SetupState } from '#plan/setup/state.ts'

export interface PreparedSetup {
  /** With everything the answers say; its notice has what is wrong with them. */
  state: SetupState
  /** Nothing is to be asked. */
  isUnattended: boolean
}

/** Where a set-up begins with these answers, if any. `problems` are told before those of the answers. */
export function prepareSetup(found: { where: string; text: string } | null, facts: SetupFacts, problems: readonly string[]): PreparedSetup {
  const read = parseAnswers(found?.text ?? '{}')
  const applied = applyAnswers(read.answers, facts)
  const wrong = [...read.problems, ...applied.problems]
  const complete = applied.complete && wrong.length === 0
  const notice = [...problems, ...(wrong.length === 0 ? [] : [`The answers in ${found?.where ?? 'the file'} are not right:`, ...wrong])]
  const state = startSetup(facts, { texts: applied.texts, given: applied.given, notice, place: startPlace({ ...applied, complete }, facts) })
  return { state, isUnattended: complete && applied.skipConfirm }
}
