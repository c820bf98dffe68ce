import { edit, openEditor, type Editor } from './edit.ts'
import type { SetupFacts } from './facts.ts'
import type { Key } from './key.ts'
import type { Given, Question, QuestionId, Row, Texts, View } from './question.ts'
import { askedQuestions, openQuestions, questionOf, viewOf } from './questions.ts'
import { splitList } from './check-network.ts'
import type { Verdict } from './verdict.ts'

/** Where the dialogue is: a question, or one of the screens after them. */
export type Place = QuestionId | 'summary' | 'confirm'

/** - `confirmed` set the node up; `shell` give a shell, then go on; `left` end, ask again at the next boot. */
export type Outcome = 'confirmed' | 'shell' | 'left'

/** The whole dialogue as a value: `stepSetup` makes the next one of it. */
export interface SetupState {
  facts: SetupFacts
  given: Given
  texts: Texts
  place: Place
  /** The summary was seen: an answer that is changed leads back to it. */
  reviewed: boolean
  /** Of a text question and of the confirmation. */
  editor: Editor
  /** Row of a list or of the summary. */
  cursor: number
  /** Enter was refused for this reason; until the next key. */
  complaint: string | null
  /** Shown above everything: what an answers file has wrong, why setting up failed. */
  notice: readonly string[]
  /** Ctrl-C was pressed. */
  leaving: boolean
  outcome: Outcome | null
}

/** A dialogue at its first question, or at the summary when everything is answered. */
export function startSetup(facts: SetupFacts, options: { texts?: Texts; given?: Given; notice?: readonly string[]; place?: Place } = {}): SetupState {
  const state: SetupState = {
    facts,
    given: options.given ?? {},
    texts: options.texts ?? {},
    place: 'hostname',
    reviewed: false,
    editor: openEditor(''),
    cursor: 0,
    complaint: null,
    notice: options.notice ?? [],
    leaving: false,
    outcome: null,
  }
  return goTo(state, options.place ?? 'hostname')
}

export function viewOfState(state: SetupState): View {
  return viewOf(state.facts, state.given, state.texts)
}

/** The next state after a key. */
export function stepSetup(state: SetupState, key: Key): SetupState {
  if (state.outcome !== null) return state
  if (state.leaving) return stepLeaving(state, key)
  if (key.name === 'interrupt') return { ...state, leaving: true }
  if (key.name === 'redraw') return state
  const calm = { ...state, complaint: null }
  if (state.place === 'summary') return stepSummary(calm, key)
  if (state.place === 'confirm') return stepConfirm(calm, key)
  const question = questionOf(state.place)
  return question.rows === undefined ? stepText(calm, question, key) : stepList(calm, question, key)
}

/** The machine changed: a cable, a disk. Answers stay; a question that is not asked any more is left. */
export function renewFacts(state: SetupState, facts: SetupFacts): SetupState {
  const next = { ...state, facts }
  if (next.place === 'summary' || next.place === 'confirm') return next
  const view = viewOfState(next)
  if (!view.applies(next.place)) return goTo(next, askedQuestions(view)[0] ?? 'summary')
  const value = rowsOf(state)[state.cursor]?.value
  const at = rowsOf(next).findIndex((row) => row.value === value)
  return { ...next, cursor: Math.max(0, at) }
}

/** Rows of the list that is shown; [] at other places. */
export function rowsOf(state: SetupState): readonly Row[] {
  if (state.place === 'summary' || state.place === 'confirm') return []
  return questionOf(state.place).rows?.(viewOfState(state)) ?? []
}

/** What is to be said of the answer as it is now. */
export function verdictOf(state: SetupState): Verdict | null {
  if (state.place === 'summary' || state.place === 'confirm') return null
  const question = questionOf(state.place)
  return question.check(currentText(state, question), viewOfState(state))
}

/** Items of the summary, in order; the last line of the screen after them goes on. */
export function summaryItems(state: SetupState): QuestionId[] {
  return askedQuestions(viewOfState(state)).filter((id) => questionOf(id).title !== '')
}

function currentText(state: SetupState, question: Question): string {
  if (question.kind === 'many') return viewOfState(state).text(question.id)
  if (question.kind === 'one') return rowsOf(state)[state.cursor]?.value ?? ''
  return state.editor.text.trim()
}

function stepText(state: SetupState, question: Question, key: Key): SetupState {
  if (key.name === 'enter' || key.name === 'tab' || key.name === 'down') return accept(state, question)
  if (key.name === 'back' || key.name === 'up') return goBack(keep(state, question))
  const editor = edit(state.editor, key)
  return editor === null ? state : { ...state, editor }
}

function stepList(state: SetupState, question: Question, key: Key): SetupState {
  const rows = rowsOf(state)
  if (key.name === 'enter' || key.name === 'tab') return accept(state, question)
  if (key.name === 'back') return goBack(keep(state, question))
  if (key.name === 'text') return stepListText(state, question, key.text)
  return { ...state, cursor: moveCursor(state.cursor, rows.length, key) }
}

function stepListText(state: SetupState, question: Question, text: string): SetupState {
  const rows = rowsOf(state)
  const digit = /^[1-9]$/.test(text) ? Number(text) - 1 : -1
  if (digit >= 0 && digit < rows.length) return { ...state, cursor: digit }
  return text === ' ' && question.kind === 'many' ? toggle(state, question) : state
}

function toggle(state: SetupState, question: Question): SetupState {
  const row = rowsOf(state)[state.cursor]
  if (row === undefined) return state
  const chosen = splitList(viewOfState(state).text(question.id))
  if (row.refusal !== undefined && !chosen.includes(row.value)) return { ...state, complaint: row.refusal }
  const values = new Set(chosen.includes(row.value) ? chosen.filter((value) => value !== row.value) : [...chosen, row.value])
  // In the order of the list, however they were chosen; one that is gone from the list is dropped.
  const text = rowsOf(state)
    .map(({ value }) => value)
    .filter((value) => values.has(value))
    .join(',')
  return { ...state, texts: { ...state.texts, [question.id]: text } }
}

function moveCursor(cursor: number, count: number, key: Key): number {
  const page = 8
  const moves: Partial<Record<Key['name'], number>> = { 'up': -1, 'down': 1, 'page-up': -page, 'page-down': page, 'home': -count, 'end': count }
  return Math.max(0, Math.min(count - 1, cursor + (moves[key.name] ?? 0)))
}

const mustBeAnswered = 'This has to be answered first.'

function stepSummary(state: SetupState, key: Key): SetupState {
  const items = summaryItems(state)
  if (key.name === 'back') return goTo(state, askedQuestions(viewOfState(state)).at(-1) ?? 'hostname')
  if (key.name !== 'enter' && key.name !== 'tab') return { ...state, cursor: moveCursor(state.cursor, items.length + 1, key) }
  const item = items[state.cursor]
  if (item !== undefined) return goTo(state, item)
  const [open] = openQuestions(viewOfState(state))
  return open === undefined ? goTo(state, 'confirm') : { ...goTo(state, open), complaint: mustBeAnswered }
}

/** The word that starts it all. */
export const confirmation = 'yes'

function stepConfirm(state: SetupState, key: Key): SetupState {
  if (key.name === 'back' || key.name === 'up') return goTo(state, 'summary')
  const editor = edit(state.editor, key)
  if (editor !== null) return { ...state, editor }
  if (key.name !== 'enter') return state
  const typed = state.editor.text.trim().toLowerCase()
  // Something may have been unplugged since the summary.
  const [open] = openQuestions(viewOfState(state))
  if (typed === confirmation) return open === undefined ? { ...state, notice: [], outcome: 'confirmed' } : { ...goTo(state, open), complaint: mustBeAnswered }
  if (typed === 'no' || typed === 'n') return goTo(state, 'summary')
  return { ...state, complaint: `Type ${confirmation} to set the node up, or press Esc to go back.` }
}

function stepLeaving(state: SetupState, key: Key): SetupState {
  const typed = key.name === 'text' ? key.text.toLowerCase() : ''
  if (typed === 's') return { ...state, leaving: false, outcome: 'shell' }
  if (typed === 'x') return { ...state, leaving: false, outcome: 'left' }
  return key.name === 'back' || key.name === 'interrupt' || key.name === 'enter' || typed === 'c' ? { ...state, leaving: false } : state
}

/** Whatever is typed stays for when the question is seen again, right or wrong. */
function keep(state: SetupState, question: Question): SetupState {
  return { ...state, texts: { ...state.texts, [question.id]: currentText(state, question) } }
}

function accept(state: SetupState, question: Question): SetupState {
  const refusal = rowsOf(state)[state.cursor]?.refusal
  if (question.kind === 'one' && refusal !== undefined) return { ...state, complaint: refusal }
  const verdict = verdictOf(state)
  if (verdict !== null && !verdict.ok) return { ...state, complaint: verdict.message }
  const next = { ...keep(state, question), notice: [] }
  return goTo(next, placeAfter(next, question.id))
}

/** The next question in order; once the summary was seen, only those that are open now. */
function placeAfter(state: SetupState, id: QuestionId): Place {
  const view = viewOfState(state)
  const asked = askedQuestions(view)
  if (state.reviewed) return openQuestions(view)[0] ?? 'summary'
  return asked[asked.indexOf(id) + 1] ?? openQuestions(view)[0] ?? 'summary'
}

function goBack(state: SetupState): SetupState {
  const asked = askedQuestions(viewOfState(state))
  const before = asked[asked.indexOf(state.place as QuestionId) - 1]
  if (state.reviewed && openQuestions(viewOfState(state)).length === 0) return goTo(state, 'summary')
  return before === undefined ? state : goTo(state, before)
}

function goTo(state: SetupState, place: Place): SetupState {
  const moved = { ...state, place, complaint: null, cursor: 0, editor: openEditor('') }
  if (place === 'confirm') return moved
  if (place === 'summary') return { ...moved, reviewed: true, cursor: summaryItems(moved).length }
  const text = viewOfState(moved).text(place)
  const at = rowsOf(moved).findIndex((row) => row.value === text)
  return { ...moved, editor: openEditor(text), cursor: questionOf(place).kind === 'one' ? Math.max(0, at) : 0 }
}
