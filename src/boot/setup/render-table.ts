import type { Row } from '#plan/setup/question.ts'
import { span, type Line, type Size, type Style } from './screen.ts'

export interface Table {
  headers: readonly string[] | undefined
  rows: readonly Row[]
  cursor: number
  /** Values chosen of a list of many; null for a list of which one is chosen. */
  chosen: readonly string[] | null
}

const gap = 2

/** Rows to choose from, the marked one always in sight. */
export function renderTable(table: Table, room: Size): Line[] {
  const lead = table.chosen === null ? 2 : 6
  const widths = columnWidths(table, room.columns - lead)
  const header: Line[] =
    table.headers === undefined || table.rows.length === 0 ? [] : [[span(`${' '.repeat(lead)}${renderCells(table.headers, widths)}`, 'dim')]]
  const rows = Math.max(1, room.rows - header.length)
  const isCut = table.rows.length > rows
  const visible = Math.max(1, isCut ? rows - 1 : rows)
  const start = Math.max(0, Math.min(table.cursor - Math.floor(visible / 2), table.rows.length - visible))
  const lines = table.rows.slice(start, start + visible).map((row, index) => renderRow(row, { table, widths, at: start + index }))
  const more: Line[] = isCut ? [[span(`  ${start + 1} to ${Math.min(table.rows.length, start + visible)} of ${table.rows.length}`, 'dim')]] : []
  return [...header, ...lines, ...more]
}

function renderRow(row: Row, { table, widths, at }: { table: Table; widths: readonly number[]; at: number }): Line {
  const isMarked = at === table.cursor
  const style: Style = row.refusal !== undefined ? 'dim' : isMarked ? 'marked' : 'plain'
  const box = table.chosen === null ? '' : row.refusal === undefined ? `[${table.chosen.includes(row.value) ? 'x' : ' '}] ` : ' -  '
  return [span(isMarked ? '> ' : '  ', 'bold'), span(`${box}${renderCells(row.cells, widths)}`, style)]
}

function renderCells(cells: readonly string[], widths: readonly number[]): string {
  const texts = cells.map((cell, index) => {
    // A row with a single cell is a sentence and may go over all columns.
    const width = cells.length === 1 ? widths.reduce((sum, one) => sum + one + gap, 0) : (widths[index] ?? 0)
    return cut(cell, width).padEnd(cells.length === 1 ? 0 : width)
  })
  return texts.join(' '.repeat(gap)).trimEnd()
}

/** As wide as their widest cells; when that is too wide, the widest gives way. */
function columnWidths(table: Table, room: number): number[] {
  const lines = [...(table.headers === undefined ? [] : [table.headers]), ...table.rows.map((row) => row.cells)]
  const isSentences = table.rows.every((row) => row.cells.length === 1)
  const measured = isSentences ? lines : lines.filter((cells) => cells.length > 1)
  const count = Math.max(1, ...measured.map((cells) => cells.length))
  const widths = Array.from({ length: count }, (_, column) => Math.max(1, ...measured.map((cells) => cells[column]?.length ?? 0)))
  const total = (): number => widths.reduce((sum, width) => sum + width + gap, -gap)
  while (total() > room && Math.max(...widths) > 6) widths[widths.indexOf(Math.max(...widths))]! -= 1
  return widths
}

/** The beginning of a text that is too long. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 2))}..`
}
