export interface Column {
  header: string
  /** Least width; grows with the widest cell. */
  width?: number
  align?: 'left' | 'right'
}

/**
 * Rows as lines of text under a header, columns two blanks apart (or `gap`), blanks at the end of a line cut off.
 * Without `headers` only the rows.
 */
export function renderColumns(columns: readonly Column[], rows: readonly (readonly string[])[], options: { headers?: boolean; gap?: number } = {}): string {
  const lines = options.headers === false ? rows : [columns.map((column) => column.header), ...rows]
  const widths = columns.map((column, index) => {
    const least = column.width ?? 0
    return Math.max(least, ...lines.map((cells) => cells[index]?.length ?? 0))
  })
  const gap = ' '.repeat(options.gap ?? 2)
  const render = (cells: readonly string[]): string => columns.map((column, index) => pad(cells[index] ?? '', widths[index] ?? 0, column.align)).join(gap)
  return lines.map((cells) => `${render(cells).trimEnd()}\n`).join('')
}

function pad(text: string, width: number, align: Column['align']): string {
  return align === 'right' ? text.padStart(width) : text.padEnd(width)
}
