import { AppError } from '../errors.ts'
import { formOf, isHeededKey } from './usbkey-keys.ts'

/**
 * `/usbkey/config`: the settings of a node as `KEY=value` lines that bash can source too. Read at every boot, so
 * reading never throws: a line that cannot be understood is left out and told, the others count.
 */
export interface UsbkeyConfig {
  /** Key → value, quotes removed. Of a key that stands twice the last one counts, as in bash. */
  values: ReadonlyMap<string, string>
  /** Key → line it stands in, from 1. */
  lines: ReadonlyMap<string, number>
  problems: readonly ConfigProblem[]
  /** Keys that are there but mean nothing to this platform, sorted. */
  unheeded: readonly string[]
}

export interface ConfigProblem {
  /** From 1; 0 when it is about the whole file. */
  line: number
  /** '' when the line has none. */
  key: string
  /** A whole sentence that names line and key. */
  message: string
}

/** More than this is no settings file. */
export const maxConfigBytes = 64 * 1024

/** Parses the text of `/usbkey/config`. Values of heeded keys are checked for their form (`usbkey-keys.ts`). */
export function parseUsbkeyConfig(text: string): UsbkeyConfig {
  const values = new Map<string, string>()
  const lines = new Map<string, number>()
  const problems: ConfigProblem[] = []
  if (text.length > maxConfigBytes) {
    problems.push({ line: 0, key: '', message: `The file has more than ${maxConfigBytes} characters and is not read.` })
    return { values, lines, problems, unheeded: [] }
  }
  for (const [index, raw] of text.split('\n').entries()) {
    const line = index + 1
    const found = parseLine(raw.replace(/\r$/, ''))
    if (found === null) continue
    const why = found.mistake ?? mistakeOf(found.key, found.value)
    if (why === null) {
      values.set(found.key, found.value)
      lines.set(found.key, line)
    } else problems.push({ line, key: found.key, message: `Line ${line}${found.key === '' ? '' : `, ${found.key}`}: ${why}` })
  }
  return { values, lines, problems, unheeded: [...values.keys()].filter((key) => !isHeededKey(key)).sort() }
}

/**
 * The text of `/usbkey/config`, in the order of `values`, every value quoted where bash needs it.
 * Throws InvalidPayload for a key that is none and for a value of several lines.
 */
export function renderUsbkeyConfig(values: Iterable<readonly [string, string]>): string {
  let text = '# Settings of this node, read at every boot. Lines of KEY=value; bash can source them.\n'
  for (const [key, value] of values) {
    if (!keyPattern.test(key)) throw new AppError('InvalidPayload', `"${key}" cannot be a key of /usbkey/config: letters, digits and _ only.`)
    if (controls.test(value)) throw new AppError('InvalidPayload', `The value of ${key} for /usbkey/config must be one line of printable text.`)
    text += `${key}=${renderValue(value)}\n`
  }
  return text
}

function renderValue(value: string): string {
  return bareValue.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`
}

const keyPattern = /^[A-Za-z_][A-Za-z0-9_]*$/
const bareValue = /^[A-Za-z0-9_.,:/@%+=-]*$/
const controls = /[\u0000-\u001f\u007f]/

interface Line {
  key: string
  value: string
  mistake: string | null
}

/** null for blank lines and comments. */
function parseLine(raw: string): Line | null {
  const line = raw.trim()
  if (line === '' || line.startsWith('#')) return null
  const match = /^(?:export\s+)?([^=\s]*)(\s*)=(.*)$/s.exec(line)
  if (match === null) return { key: '', value: '', mistake: 'KEY=value is expected.' }
  const [, key = '', gap = '', rest = ''] = match
  if (!keyPattern.test(key)) return { key: '', value: '', mistake: `"${key.slice(0, 40)}" is no key: letters, digits and _ only.` }
  if (gap !== '') return { key, value: '', mistake: 'no blank may stand before the =.' }
  return { key, ...parseValue(rest) }
}

/** One word as bash reads it, but without anything bash would replace. */
function parseValue(rest: string): Omit<Line, 'key'> {
  const part = /'([^']*)'|"((?:[^"\\$`]|\\.)*)"|\\(.)|([^\s'"\\$`;&|<>()#~]|(?<=\S)[#~])/suy
  let value = ''
  let at = 0
  while (at < rest.length && !/\s/.test(rest[at] ?? '')) {
    part.lastIndex = at
    const match = part.exec(rest)
    if (match === null) return { value, mistake: mistakeAt(rest, at) }
    value += textOf(match)
    at = part.lastIndex
  }
  const after = rest.slice(at).trim()
  if (after !== '' && !after.startsWith('#')) return { value, mistake: 'a value with blanks needs quotes around it.' }
  return { value, mistake: controls.test(value) ? 'the value has characters that cannot be printed.' : null }
}

function textOf([, single, double, escaped, bare]: RegExpExecArray): string {
  return single ?? double?.replaceAll(/\\([$`"\\])/g, '$1') ?? escaped ?? bare ?? ''
}

function mistakeAt(rest: string, at: number): string {
  const char = rest[at] ?? ''
  const quoted = rest.slice(at)
  if (char === '\\') return 'a value cannot go on in the next line.'
  if (char === "'" || (char === '"' && !/[$`]/.test(quoted))) return `the closing ${char} is missing.`
  if (char === '"' || char === '$' || char === '`') return 'nothing is expanded here: put a value with $ or ` in single quotes.'
  return `put a value with ${char} in quotes.`
}

/** What is wrong with the value of a heeded key; null when nothing is, or when the key is not heeded. */
function mistakeOf(key: string, value: string): string | null {
  const form = formOf(key)
  if (form === null || form.pattern.test(value)) return null
  return `${value === '' ? 'a value is missing' : `"${value.slice(0, 80)}" is not right`}: ${form.expected}.`
}
