/** The text is not JSON. `line` and `column` are counted from 1 and point at the first mistake. */
export class JsonMistake extends Error {
  readonly line: number
  readonly column: number

  constructor(message: string, line: number, column: number) {
    super(message)
    this.name = 'JsonMistake'
    this.line = line
    this.column = column
  }
}

/**
 * JSON.parse whose error says where the mistake is. The engine's own messages have no position for texts
 * that end too early or are short, so after a failure the text is walked once more.
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const mistake = findMistake(text)
    if (mistake === null) throw error
    const before = text.slice(0, mistake.offset)
    const line = before.split('\n').length
    const column = mistake.offset - before.lastIndexOf('\n')
    throw new JsonMistake(`Line ${line}, column ${column}: ${mistake.expected}, but there is ${describe(text, mistake.offset)}.`, line, column)
  }
}

interface Mistake {
  offset: number
  /** `expected …`. */
  expected: string
}

interface Scan {
  text: string
  offset: number
}

/** The first place where `text` stops being JSON; null when it is JSON. */
export function findMistake(text: string): Mistake | null {
  const scan: Scan = { text, offset: 0 }
  try {
    scanDocument(scan)
    return null
  } catch (error) {
    if (error instanceof Stop) return { offset: scan.offset, expected: error.message }
    throw error
  }
}

/** Ends the walk at `scan.offset`. */
class Stop extends Error {}

/** Values under way, innermost last: what closes them. A stack of our own, so that deep texts cannot overflow the engine's. */
function scanDocument(scan: Scan): void {
  const open: ('}' | ']')[] = []
  let wantsValue = true
  do {
    if (wantsValue) wantsValue = scanValueStart(scan, open)
    else wantsValue = scanAfterValue(scan, open)
  } while (wantsValue || open.length > 0)
  skipBlanks(scan)
  if (scan.offset < scan.text.length) throw new Stop('expected the end of the text')
}

/** True when a value must follow: an array or object was opened that is not empty. */
function scanValueStart(scan: Scan, open: ('}' | ']')[]): boolean {
  skipBlanks(scan)
  const char = scan.text[scan.offset]
  if (char !== '{' && char !== '[') {
    scanScalar(scan)
    return false
  }
  const close = char === '{' ? '}' : ']'
  scan.offset++
  skipBlanks(scan)
  if (scan.text[scan.offset] === close) {
    scan.offset++
    return false
  }
  open.push(close)
  if (close === '}') scanName(scan, 'expected a property name in double quotes or "}"')
  return true
}

/** After a value inside something open: true when another value follows, false when something was closed. */
function scanAfterValue(scan: Scan, open: ('}' | ']')[]): boolean {
  const close = open.at(-1) ?? ']'
  skipBlanks(scan)
  const char = scan.text[scan.offset]
  if (char !== ',' && char !== close) throw new Stop(`expected "," or "${close}"`)
  scan.offset++
  if (char === close) {
    open.pop()
    return false
  }
  if (close === '}') scanName(scan, 'expected a property name in double quotes')
  return true
}

function scanName(scan: Scan, expected: string): void {
  skipBlanks(scan)
  if (scan.text[scan.offset] !== '"') throw new Stop(expected)
  scanString(scan)
  skipBlanks(scan)
  if (scan.text[scan.offset] !== ':') throw new Stop('expected ":"')
  scan.offset++
}

function scanScalar(scan: Scan): void {
  if (scan.text[scan.offset] === '"') return scanString(scan)
  const token = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
  token.lastIndex = scan.offset
  const match = token.exec(scan.text)
  if (match === null) throw new Stop('expected a value')
  scan.offset = token.lastIndex
}

function scanString(scan: Scan): void {
  const body = /(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y
  const start = scan.offset
  body.lastIndex = start + 1
  body.exec(scan.text)
  scan.offset = Math.max(body.lastIndex, start + 1)
  const char = scan.text[scan.offset]
  if (char === '"') scan.offset++
  else throw new Stop(char === '\\' ? 'expected an escape that JSON knows' : 'expected the closing double quote of a string')
}

function skipBlanks(scan: Scan): void {
  while (' \t\r\n'.includes(scan.text[scan.offset] ?? 'x')) scan.offset++
}

function describe(text: string, offset: number): string {
  const char = text[offset]
  if (char === undefined) return 'nothing more'
  if (char === '\n' || char === '\r') return 'the end of the line'
  return JSON.stringify(String.fromCodePoint(text.codePointAt(offset) ?? 0))
}
