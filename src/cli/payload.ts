import { createReadStream } from 'node:fs'
import { AppError } from '#contracts/errors.ts'
import { JsonMistake, parseJson } from '#lib/json-position.ts'
import { optionValue, type Cli, type Input, type Option } from './command.ts'

export const fileOption: Option = {
  long: 'file',
  short: 'f',
  value: 'FILE',
  summary: 'Reads FILE in place of standard input; - is standard input',
  complete: 'file',
}

const maxPayloadBytes = 16 * 1024 * 1024

/**
 * The JSON object of `-f FILE`, `-f -` or standard input. `refusal` is said when that is a terminal.
 * Throws Usage for the terminal, InvalidPayload for a missing file, InvalidJson with line and column.
 */
export async function readPayload(input: Input, cli: Cli, refusal: string): Promise<Record<string, unknown>> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of openInput(input, cli, refusal)) {
    parts.push(part)
    size += part.length
    if (size > maxPayloadBytes) throw new AppError('InvalidPayload', `A payload may have ${maxPayloadBytes / 1024 / 1024} MiB; this one has more.`)
  }
  return parsePayload(Buffer.concat(parts).toString())
}

/** A JSON object out of text a person wrote. */
export function parsePayload(text: string): Record<string, unknown> {
  const value = parseText(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new AppError('InvalidJson', 'Invalid JSON payload: an object is expected, { "property": value, … }.')
  // Any JSON object is a record of unknowns.
  return value as Record<string, unknown>
}

function parseText(text: string): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    if (!(error instanceof JsonMistake)) throw error
    throw new AppError('InvalidJson', `Invalid JSON payload: ${error.message}`)
  }
}

/** The bytes of `-f FILE`, `-f -` or standard input. */
export async function* openInput(input: Input, cli: Cli, refusal: string): AsyncGenerator<Uint8Array> {
  const file = optionValue(input, 'file') ?? '-'
  if (file === '-' && cli.isTerminal(0)) throw new AppError('Usage', refusal)
  try {
    // Standard input by its descriptor: works for files, pipes and sockets alike.
    yield* file === '-' ? createReadStream('', { fd: 0, autoClose: false }) : createReadStream(file)
  } catch (error) {
    throw unreadable(file, error)
  }
}

function unreadable(file: string, error: unknown): AppError {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ENOENT') return new AppError('InvalidPayload', `File: ${file} does not exist.`)
  return new AppError('InvalidPayload', `File: ${file} cannot be read (${code ?? 'unknown reason'}).`, { cause: error })
}
