/** How a piece of text looks; sane on any terminal, and readable without colours. */
export type Style = 'plain' | 'dim' | 'bold' | 'bar' | 'marked' | 'bad' | 'good'

export interface Span {
  text: string
  style: Style
}
export type Line = readonly Span[]

/** What is on a terminal: lines from the top, and where its caret is. */
export interface Screen {
  lines: readonly Line[]
  caret: { row: number; column: number } | null
}

export interface Size {
  columns: number
  rows: number
}

export function span(text: string, style: Style = 'plain'): Span {
  return { text, style }
}

const codes: Readonly<Record<Style, string>> = {
  plain: '\x1b[0m',
  // "Dim" cannot be seen on many terminals, or cannot be read.
  dim: '\x1b[0;36m',
  bold: '\x1b[0;1m',
  bar: '\x1b[0;7m',
  marked: '\x1b[0;1;7m',
  bad: '\x1b[0;1;31m',
  good: '\x1b[0;32m',
}

interface Cell {
  char: string
  style: Style
}

const blank: Cell = { char: ' ', style: 'plain' }

/** The text of a screen alone, without styles; for tests and logs. */
export function renderPlain(screen: Screen): string {
  return screen.lines
    .map(
      (line) =>
        `${line
          .map(({ text }) => printable(text))
          .join('')
          .trimEnd()}\n`,
    )
    .join('')
}

/**
 * What a terminal must be sent so that it shows `next` where it showed `previous`; with null it is cleared first.
 * Only cells that differ are written; the last column of the last row is left alone, as writing there scrolls.
 */
export function renderChange(previous: Screen | null, next: Screen, size: Size): string {
  let out = previous === null ? '\x1b[0m\x1b[2J' : ''
  for (let row = 0; row < size.rows; row += 1) {
    const width = row === size.rows - 1 ? size.columns - 1 : size.columns
    out += renderRow(cellsOf(previous?.lines[row], width), cellsOf(next.lines[row], width), row)
  }
  const { caret } = next
  const place = caret === null ? '\x1b[?25l' : `\x1b[${caret.row + 1};${caret.column + 1}H\x1b[?25h`
  if (out === '') return isSamePlace(previous, next) ? '' : place
  return `\x1b[?25l${out}\x1b[0m${place}`
}

function isSamePlace(previous: Screen | null, next: Screen): boolean {
  return previous !== null && previous.caret?.row === next.caret?.row && previous.caret?.column === next.caret?.column
}

function cellsOf(line: Line | undefined, width: number): Cell[] {
  const cells = (line ?? []).flatMap(({ text, style }) => Array.from(printable(text), (char): Cell => ({ char, style })))
  return cells.slice(0, width)
}

function renderRow(before: readonly Cell[], after: readonly Cell[], row: number): string {
  const length = Math.max(before.length, after.length)
  const differs = (column: number): boolean => !isSame(before[column] ?? blank, after[column] ?? blank)
  let first = 0
  while (first < length && !differs(first)) first += 1
  let last = length - 1
  while (last >= first && !differs(last)) last -= 1
  if (first > last) return ''
  let out = `\x1b[${row + 1};${first + 1}H`
  let style: Style | null = null
  for (let column = first; column <= last; column += 1) {
    const cell = after[column] ?? blank
    if (cell.style !== style) out += codes[cell.style]
    style = cell.style
    out += cell.char
  }
  return out
}

function isSame(a: Cell, b: Cell): boolean {
  return a.char === b.char && a.style === b.style
}

/** What disks and pools say of themselves is not ours: nothing of it may act on the terminal or take another width. */
export function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/gu, '?')
}
