import type { Size } from './screen.ts'

export interface VirtualTerminal {
  /** Shows text; gives the number of characters it put into cells. */
  write(text: string): number
  /** Each cell with the style it was written in. */
  cells(): string[][]
  /** Lines without styles, blanks at their ends cut off. */
  text(): string
  /** `row,column`, or `hidden`. */
  caret(): string
  /** What it answers to questions since the last call: its size. */
  takeReply(): string
}

const plain = '\x1b[0m'

/**
 * A terminal that knows what the dialogue sends and nothing else. `strict`: throws for anything that is not known and for
 * writing past an edge or into the last corner, where real ones scroll.
 */
export function createVirtualTerminal(size: Size, options: { strict: boolean }): VirtualTerminal {
  let grid: string[][] = []
  let [row, column, style, visible, reply, pending] = [0, 0, '', true, '', '']
  let saved: [number, number] = [0, 0]
  const blankRow = (): string[] => Array.from({ length: size.columns }, () => ` ${plain}`)
  const clear = (): void => void (grid = Array.from({ length: size.rows }, blankRow))
  clear()
  const refuse = (what: string): void => {
    if (options.strict) throw new Error(`The terminal was sent ${JSON.stringify(what)}.`)
  }
  const codes: Readonly<Record<string, () => void>> = {
    '\x1b[2J': clear,
    '\x1b[?25l': () => void (visible = false),
    '\x1b[?25h': () => void (visible = true),
    '\x1b[?2004h': () => {},
    '\x1b[?2004l': () => {},
    '\x1b7': () => void (saved = [row, column]),
    '\x1b8': () => void ([row, column] = saved),
    '\x1b[6n': () => void (reply += `\x1b[${row + 1};${column + 1}R`),
    '\r': () => void (column = 0),
    '\n': () => {
      if (row < size.rows - 1) row += 1
      else grid = [...grid.slice(1), blankRow()]
    },
  }
  const act = (code: string): void => {
    const move = /^\x1b\[(\d+);(\d+)H$/.exec(code)
    if (move !== null) [row, column] = [Math.min(size.rows, Number(move[1])) - 1, Math.min(size.columns, Number(move[2])) - 1]
    else if (codes[code] !== undefined) codes[code]()
    else if (code.endsWith('m')) style = code
    else refuse(code)
  }
  const put = (char: string): void => {
    if (row === size.rows - 1 && column >= size.columns - 1) refuse(`${char} in the last corner`)
    if (column >= size.columns) refuse(`${char} past the edge`)
    else grid[row]![column++] = char + style
  }
  return {
    write(text) {
      let written = 0
      const all = pending + text
      const parts = all.match(/\x1b(?:\[[?\d;]*(?:[a-zA-Z]|$)|[78]|$)|[^]/g) ?? []
      pending = /\x1b(?:\[[?\d;]*)?$/.exec(all)?.[0] ?? ''
      if (pending !== '') parts.pop()
      for (const part of parts) {
        if (/^[\x1b\r\n]/.test(part)) act(part)
        else {
          put(part)
          written += 1
        }
      }
      return written
    },
    cells: () => grid,
    text: () =>
      grid
        .map((cells) =>
          cells
            .map((cell) => Array.from(cell)[0])
            .join('')
            .trimEnd(),
        )
        .join('\n'),
    caret: () => (visible ? `${row},${column}` : 'hidden'),
    takeReply() {
      const said = reply
      reply = ''
      return said
    },
  }
}
