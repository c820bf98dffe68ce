import type { Key } from '#plan/setup/key.ts'

/** What the terminal sent: keys, and the size it reports when asked. */
export type TerminalInput = { kind: 'key'; key: Key } | { kind: 'size'; columns: number; rows: number }

const named: Readonly<Record<string, Exclude<Key['name'], 'text'>>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\x7f': 'backspace',
  '\b': 'backspace',
  '\x01': 'home',
  '\x02': 'left',
  '\x03': 'interrupt',
  '\x04': 'delete',
  '\x05': 'end',
  '\x06': 'right',
  '\x0c': 'redraw',
  '\x0e': 'down',
  '\x10': 'up',
  '\x15': 'kill-line',
  '\x17': 'kill-word',
}

/** Of CSI and SS3 sequences: what stands between `ESC [` and its end. */
const sequences: Readonly<Record<string, Exclude<Key['name'], 'text'>>> = {
  'A': 'up',
  'B': 'down',
  'C': 'right',
  'D': 'left',
  'H': 'home',
  'F': 'end',
  'Z': 'back',
  '1~': 'home',
  '7~': 'home',
  '4~': 'end',
  '8~': 'end',
  '3~': 'delete',
  '5~': 'page-up',
  '6~': 'page-down',
}

const pasteStart = '\x1b[200~'
const pasteEnd = '\x1b[201~'

/**
 * Keys in what was read from a terminal. `rest` is the beginning of a sequence whose end has not come yet; with
 * `ended` (no more came for a while) it is taken as it is, so that a lone Escape is a key.
 */
export function parseKeys(text: string, ended: boolean): { inputs: TerminalInput[]; rest: string } {
  const inputs: TerminalInput[] = []
  let at = 0
  while (at < text.length) {
    const one = parseOne(text.slice(at), ended)
    if (one === null) break
    if (one.input !== null) inputs.push(one.input)
    at += one.length
  }
  return { inputs, rest: text.slice(at) }
}

interface One {
  length: number
  input: TerminalInput | null
}

/** null when more has to come. */
function parseOne(text: string, ended: boolean): One | null {
  if (text.startsWith(pasteStart)) return parsePaste(text, ended)
  if (text.startsWith('\x1b')) return parseEscape(text, ended)
  if (text.startsWith('\r\n')) return keyOf('enter', 2)
  const name = named[text[0] ?? '']
  if (name !== undefined) return keyOf(name, 1)
  const run = /^[^\x00-\x1f\x7f]+/.exec(text)?.[0] ?? ''
  return run === '' ? { length: 1, input: null } : { length: run.length, input: { kind: 'key', key: { name: 'text', text: run } } }
}

function parsePaste(text: string, ended: boolean): One | null {
  const end = text.indexOf(pasteEnd)
  if (end < 0 && !ended) return null
  const pasted = text.slice(pasteStart.length, end < 0 ? undefined : end).trim()
  return { length: end < 0 ? text.length : end + pasteEnd.length, input: { kind: 'key', key: { name: 'text', text: pasted } } }
}

function parseEscape(text: string, ended: boolean): One | null {
  const match = /^\x1b(?:\[([\d;?]*)([A-Za-z~])|O([A-Z])|\[\[[A-E])/.exec(text)
  if (match === null) return parseBrokenEscape(text, ended)
  const [whole, numbers = '', final = '', ss3 = ''] = match
  const size = final === 'R' ? /^(\d+);(\d+)$/.exec(numbers) : null
  if (size !== null) return { length: whole.length, input: { kind: 'size', rows: Number(size[1]), columns: Number(size[2]) } }
  // With Shift, Ctrl or Alt held: `1;5A`.
  const name = sequences[final === '~' ? `${numbers.split(';')[0]}~` : final + ss3]
  return name === undefined ? { length: whole.length, input: null } : keyOf(name, whole.length)
}

/** A sequence that has not ended yet, or the Escape key. */
function parseBrokenEscape(text: string, ended: boolean): One | null {
  const isUnfinished = /^\x1b(?:\[[\d;?[]*|O)?$/.test(text)
  if (isUnfinished && !ended) return null
  return isUnfinished && text.length > 1 ? { length: text.length, input: null } : keyOf('back', 1)
}

function keyOf(name: Exclude<Key['name'], 'text'>, length: number): One {
  return { length, input: { kind: 'key', key: { name } } }
}
