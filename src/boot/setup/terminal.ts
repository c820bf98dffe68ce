import type { ReadStream, WriteStream } from 'node:tty'
import { StringDecoder } from 'node:string_decoder'
import type { Key } from '#plan/setup/key.ts'
import { parseKeys, type TerminalInput } from './keys.ts'
import { renderChange, type Screen, type Size } from './screen.ts'

/** - `size`  the terminal has another size; - `closed`  it is gone. */
export type TerminalEvent = { kind: 'key'; key: Key } | { kind: 'size' } | { kind: 'closed' }

/** A terminal that shows screens and gives keys. */
export interface Terminal {
  size(): Size
  /** Shows a screen; only what differs from the last one is sent. */
  show(screen: Screen): void
  /** Forgets what is shown, so that the next screen is drawn whole: something else wrote to the terminal. */
  forget(): void
  onEvent(listener: (event: TerminalEvent) => void): void
  /** Gives the terminal back as it was, with the caret below all text. */
  suspend(): void
  /** Takes it again after `suspend`. */
  resume(): void
}

/** Longer than the parts of one key take on a slow line, shorter than a person between two keys. */
const escapeMs = 80
/** Serial consoles say no size, and many terminals behind them are of this one. */
const usualSize: Size = { columns: 80, rows: 24 }
const leastSize: Size = { columns: 40, rows: 14 }

/** Asks a terminal for its size: its answer says where the caret could be put at most. */
const askSize = '\x1b7\x1b[999;999H\x1b[6n\x1b8'
const takeModes = '\x1b[?2004h'
const giveModes = '\x1b[0m\x1b[?2004l\x1b[?25h'

/** Takes over a terminal. `input` and `output` are its two ends. */
export function openTerminal(input: ReadStream, output: WriteStream): Terminal {
  let answered: Size | null = null
  let shown: Screen | null = null
  let listener: (event: TerminalEvent) => void = () => {}
  const size = (): Size => fitSize(output.columns > 0 && output.rows > 0 ? { columns: output.columns, rows: output.rows } : (answered ?? usualSize))
  const forget = (): void => void (shown = null)
  const reader = readInputs((one) => {
    if (one.kind === 'key') return listener(one)
    answered = { columns: one.columns, rows: one.rows }
    forget()
    listener({ kind: 'size' })
  })
  const take = (): void => {
    input.setRawMode(true)
    input.resume()
    output.write(takeModes + askSize)
  }
  input.on('data', reader)
  input.on('end', () => listener({ kind: 'closed' }))
  input.on('error', () => listener({ kind: 'closed' }))
  output.on('error', () => listener({ kind: 'closed' }))
  output.on('resize', () => {
    forget()
    listener({ kind: 'size' })
  })
  take()
  return {
    size,
    forget() {
      forget()
      output.write(askSize)
    },
    show(screen) {
      const text = renderChange(shown, screen, size())
      shown = screen
      if (text !== '') output.write(text)
    },
    onEvent: (added) => void (listener = added),
    suspend() {
      output.write(`${giveModes}\x1b[${size().rows};1H\r\n`)
      input.setRawMode(false)
      input.pause()
      forget()
    },
    resume: take,
  }
}

function fitSize({ columns, rows }: Size): Size {
  return { columns: Math.max(leastSize.columns, Math.min(columns, 300)), rows: Math.max(leastSize.rows, Math.min(rows, 100)) }
}

/** Bytes of a terminal, in pieces of any size, to keys. */
function readInputs(tell: (input: TerminalInput) => void): (chunk: Buffer) => void {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  let timer: NodeJS.Timeout | undefined
  const parse = (ended: boolean): void => {
    const parsed = parseKeys(rest, ended)
    rest = parsed.rest
    for (const one of parsed.inputs) tell(one)
  }
  return (chunk) => {
    clearTimeout(timer)
    rest += decoder.write(chunk)
    parse(false)
    if (rest !== '') timer = setTimeout(() => parse(true), rest.startsWith('\x1b[200~') ? escapeMs * 10 : escapeMs)
  }
}
