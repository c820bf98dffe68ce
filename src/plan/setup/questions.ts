import type { SetupFacts } from './facts.ts'
import { questionIds, type Given, type Question, type QuestionId, type Texts, type View } from './question.ts'
import { accessQuestions } from './questions-access.ts'
import { diskQuestions } from './questions-disks.ts'
import { networkQuestions } from './questions-network.ts'

const byId = new Map([...networkQuestions, ...diskQuestions, ...accessQuestions].map((question) => [question.id, question]))

export function questionOf(id: QuestionId): Question {
  return byId.get(id)!
}

/** The answers as they stand. */
export function viewOf(facts: SetupFacts, given: Given, texts: Texts): View {
  const view: View = {
    facts,
    given,
    text: (id) => texts[id] ?? questionOf(id).initial(view),
    applies: (id) => questionOf(id).applies(view),
  }
  return view
}

/** What is asked, as things stand, in order. */
export function askedQuestions(view: View): QuestionId[] {
  return questionIds.filter((id) => view.applies(id))
}

/** Asked questions whose answer cannot be taken as it stands. */
export function openQuestions(view: View): QuestionId[] {
  return askedQuestions(view).filter((id) => !questionOf(id).check(view.text(id), view).ok)
}
