import { doomedPools, layoutOf, wantsNewPool } from '#plan/setup/questions-disks.ts'
import { questionOf } from '#plan/setup/questions.ts'
import { renderList } from '#plan/setup/format.ts'
import { confirmation, rowsOf, summaryItems, verdictOf, viewOfState, type SetupState } from '#plan/setup/state.ts'
import type { Question, QuestionId } from '#plan/setup/question.ts'
import { splitList } from '#plan/setup/check-network.ts'
import { renderEditor } from './render-editor.ts'
import { cut, renderTable } from './render-table.ts'
import { span, type Line, type Screen, type Size, type Span, type Style } from './screen.ts'
import type { ProgressItem } from './progress.ts'

/** What a screen is made of, before it is fitted to the terminal. */
interface Body {
  lines: Line[]
  /** Of the caret within `lines`. */
  caret: { row: number; column: number } | null
  keys: string
}

/** The dialogue on a terminal of that size. Pure. */
export function renderSetup(state: SetupState, size: Size): Screen {
  const room = { columns: size.columns, rows: size.rows - chromeRows }
  if (state.leaving) return frame(renderLeaving(), state, size)
  if (state.place === 'summary') return frame(renderSummary(state, room), state, size)
  if (state.place === 'confirm') return frame(renderConfirm(state, room), state, size)
  return frame(renderQuestion(state, questionOf(state.place), room), state, size)
}

/** The work under way on a terminal of that size. Pure. */
export function renderProgress(items: readonly ProgressItem[], state: SetupState, size: Size): Screen {
  const marks = { waiting: span('      '), running: span('  ..  ', 'bold'), done: span('  ok  ', 'good'), failed: span('  !!  ', 'bad') }
  const lines: Line[] = [[span(`Setting up ${viewOfState(state).text('hostname')}`, 'bold')], []]
  for (const item of items) {
    lines.push([marks[item.state], span(item.title, item.state === 'running' ? 'bold' : 'plain')])
    if (item.detail !== '' && item.state !== 'waiting') lines.push([span(`      ${item.detail}`, 'dim')])
  }
  const isDone = items.every((item) => item.state === 'done')
  return frame({ lines, caret: null, keys: isDone ? 'Done' : 'Please wait' }, state, size)
}

/** Rows of the title, of the keys, and the blank ones beside them. */
const chromeRows = 4
const margin = ' '

function frame(body: Body, state: SetupState, size: Size): Screen {
  const stamp = `${renderStep(state)}${state.facts.stamp} `
  const title = `${margin}Spirula: first boot`
  const bar = [span(title.padEnd(Math.max(title.length, size.columns - stamp.length)) + stamp, 'bar')]
  const shown = body.lines.slice(0, size.rows - chromeRows + 1).map((line): Line => [span(margin), ...line])
  const filler: Line[] = Array.from({ length: Math.max(0, size.rows - shown.length - 3) }, () => [])
  const keys = [span(`${margin}${body.keys}`, 'dim')]
  const { caret } = body
  return {
    lines: [bar, [], ...shown, ...filler, keys],
    caret: caret === null ? null : { row: Math.min(size.rows - 1, caret.row + 2), column: Math.min(size.columns - 1, caret.column + margin.length) },
  }
}

/** How far it is, as things stand; a second word for a password is not counted apart. */
function renderStep(state: SetupState): string {
  const items = summaryItems(state)
  const at = items.indexOf(state.place === 'root_password_again' ? 'root_password' : (state.place as QuestionId))
  return at < 0 || state.reviewed ? '' : `${at + 1} of ${items.length}   `
}

function renderQuestion(state: SetupState, question: Question, room: Size): Body {
  const view = viewOfState(state)
  const lines: Line[] = [
    ...renderNotice(state, room),
    ...renderWelcome(state),
    [span(question.prompt(view), 'bold')],
    ...question.help(view).map((text): Line => [span(text)]),
    [],
  ]
  if (question.rows === undefined) return renderTextQuestion(state, question, { lines, room })
  const chosen = question.kind === 'many' ? splitList(view.text(question.id)) : null
  const table = renderTable(
    { headers: question.headers, rows: rowsOf(state), cursor: state.cursor, chosen },
    { columns: room.columns - 2, rows: room.rows - lines.length - 2 },
  )
  lines.push(...table, [], ...renderVerdict(state, room))
  const move = `Up/Down ${question.kind === 'many' ? 'move   Space chooses' : 'choose'}`
  return { lines, caret: null, keys: `${move}   Enter next   Esc back   Ctrl-C shell` }
}

function renderTextQuestion(state: SetupState, question: Question, { lines, room }: { lines: Line[]; room: Size }): Body {
  const { line, caret } = renderEditor(state.editor, { width: room.columns - 4, secret: question.kind === 'secret' })
  const row = lines.length
  lines.push([span('> ', 'bold'), line], [], ...renderVerdict(state, room))
  return { lines, caret: { row, column: 2 + caret }, keys: 'Enter next   Esc back   Ctrl-C shell   Ctrl-L draws the screen anew' }
}

function renderNotice(state: SetupState, room: Size): Line[] {
  if (state.notice.length === 0) return []
  const lines = state.notice.flatMap((text) => wrap(text, room.columns - 3)).slice(0, Math.max(3, room.rows - 16))
  return [...lines.map((text): Line => [span(text, 'bad')]), []]
}

function renderWelcome(state: SetupState): Line[] {
  if (state.place !== 'hostname' || state.reviewed || state.notice.length > 0) return []
  return [
    [span('Welcome. A few questions, and this machine is a node of your own cloud.')],
    [span('Nothing is changed before you have seen a summary and said yes.')],
    [],
  ]
}

/** While something is typed it is told mildly; after Enter plainly. */
function renderVerdict(state: SetupState, room: Size): Line[] {
  const tell = (text: string, style: Style): Line[] => wrap(text, room.columns - 2).map((line) => [span(line, style)])
  if (state.complaint !== null) return tell(state.complaint, 'bad')
  const verdict = verdictOf(state)
  if (verdict === null) return []
  if (verdict.ok) return tell(verdict.note ?? '', 'good')
  return tell(verdict.message, verdict.early ? 'dim' : 'bad')
}

function renderSummary(state: SetupState, room: Size): Body {
  const view = viewOfState(state)
  const items = summaryItems(state)
  const head: Line[] = [...renderNotice(state, room), [span('Is this right?', 'bold')], [span('To change a line, move to it and press Enter.')], []]
  const lines = items.map((id, index): Line => {
    const question = questionOf(id)
    const verdict = question.check(view.text(id), view)
    const value = question.show?.(view.text(id), view) ?? view.text(id)
    const width = room.columns - 22
    const shown: Span = verdict.ok
      ? span(cut(value, width))
      : span(cut(view.text(id) === '' ? 'not answered yet' : `${value}: ${verdict.message}`, width), 'bad')
    return markRow(index === state.cursor, [span(question.title.padEnd(18)), shown])
  })
  const erased = renderErased(state)
  const tail: Line[] = [[], markRow(state.cursor === items.length, [span('Set this node up')]), [], ...(erased === null ? [] : tellErased(erased, true, room))]
  const shown = windowOf(lines, Math.min(state.cursor, items.length - 1), room.rows - head.length - tail.length)
  return { lines: [...head, ...shown, ...tail], caret: null, keys: 'Up/Down move   Enter changes, or sets up   Esc back   Ctrl-C shell' }
}

function renderConfirm(state: SetupState, room: Size): Body {
  const { line, caret } = renderEditor(state.editor, { width: room.columns - 4, secret: false })
  const erased = renderErased(state)
  const view = viewOfState(state)
  const lines: Line[] = [
    [span(`Set up ${view.text('hostname')} now?`, 'bold')],
    ...tellErased(erased ?? `The pool ${view.text('pool')} keeps all that is on it.`, erased !== null, room),
    [],
    [span(`Type ${confirmation} and press Enter; Esc goes back.`)],
    [],
    [span('> ', 'bold'), line],
    [],
    [span(state.complaint ?? '', 'bad')],
  ]
  return { lines, caret: { row: lines.length - 3, column: 2 + caret }, keys: 'Enter sets up   Esc back   Ctrl-C shell' }
}

function renderLeaving(): Body {
  const lines: Line[] = [
    [span('Leave the set-up?', 'bold')],
    [],
    [span('  s', 'bold'), span('   a shell as root; `exit` comes back here, with all answers kept')],
    [span('  x', 'bold'), span('   end it; it comes again at the next boot, or with `spirula-boot setup`')],
    [span('  c', 'bold'), span('   go on')],
  ]
  return { lines, caret: null, keys: 's, x or c' }
}

/** null when nothing is erased. */
function renderErased(state: SetupState): string | null {
  const view = viewOfState(state)
  if (!wantsNewPool(view)) return null
  const disks = layoutOf(view, view.text('zpool_layout'))?.disks ?? []
  if (disks.length === 0) return null
  const doomed = doomedPools(view)
  const pools =
    doomed.length === 0 ? '' : `, and with ${disks.length === 1 ? 'it' : 'them'} the ${doomed.length === 1 ? 'pool' : 'pools'} ${renderList(doomed)}`
  return `All that is on ${disks.length > 8 ? `${disks.length} disks` : renderList(disks)} will be erased${pools}.`
}

function tellErased(text: string, isLoss: boolean, room: Size): Line[] {
  return wrap(text, room.columns - 2).map((line) => [span(line, isLoss ? 'bad' : 'plain')])
}

function markRow(isMarked: boolean, spans: Line): Line {
  return isMarked
    ? [span('> ', 'bold'), ...spans.map(({ text, style }): Span => ({ text, style: style === 'plain' ? 'bold' : style }))]
    : [span('  '), ...spans]
}

/** The part of a list that holds line `at` and fits. */
export function windowOf<T>(lines: readonly T[], at: number, rows: number): T[] {
  const room = Math.max(1, rows)
  const start = Math.max(0, Math.min(at - Math.floor(room / 2), lines.length - room))
  return lines.slice(start, start + room)
}

/** Words in lines of at most `width`. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return line === '' ? lines : [...lines, line]
}
