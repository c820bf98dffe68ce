import type { ByteReader } from './byte-reader.ts'

const maxHeadLines = 100
const maxLineBytes = 16 * 1024

export interface HttpHead {
  status: number
  /** Names in lower case. */
  headers: ReadonlyMap<string, string>
}

/** Reads the status line and the headers of an HTTP/1.1 answer; bounded in lines and bytes. */
export async function readHead(reader: ByteReader): Promise<HttpHead> {
  const status = parseStatusLine(await reader.line(maxLineBytes))
  const headers = new Map<string, string>()
  for (let count = 0; count < maxHeadLines; count += 1) {
    const line = await reader.line(maxLineBytes)
    if (line === '') return { status, headers }
    const colon = line.indexOf(':')
    if (colon < 1) throw new Error('a header has no colon')
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim())
  }
  throw new Error(`there are more than ${maxHeadLines} headers`)
}

function parseStatusLine(line: string): number {
  const match = /^HTTP\/1\.[01] ([1-5][0-9]{2})(?: |$)/.exec(line)
  if (match === null) throw new Error('the answer is not HTTP')
  return Number(match[1])
}

/** The body behind a head, whichever way its length is told. */
export function readBody(head: HttpHead, reader: ByteReader): AsyncGenerator<Buffer> {
  if (head.headers.get('transfer-encoding')?.toLowerCase() === 'chunked') return readChunked(reader)
  if (head.status === 204) return readCounted(reader, 0)
  const length = head.headers.get('content-length')
  return length === undefined ? readToEnd(reader) : readCounted(reader, parseLength(length))
}

function parseLength(text: string): number {
  if (!/^[0-9]{1,15}$/.test(text)) throw new Error('content-length is not a number')
  return Number(text)
}

async function* readCounted(reader: ByteReader, length: number): AsyncGenerator<Buffer> {
  let left = length
  while (left > 0) {
    const part = await reader.take(left)
    if (part === null) throw new Error('the answer broke off')
    left -= part.length
    yield part
  }
}

async function* readToEnd(reader: ByteReader): AsyncGenerator<Buffer> {
  for (let part = await reader.take(65_536); part !== null; part = await reader.take(65_536)) yield part
}

async function* readChunked(reader: ByteReader): AsyncGenerator<Buffer> {
  for (;;) {
    const size = parseChunkSize(await reader.line(maxLineBytes))
    if (size === 0) break
    yield* readCounted(reader, size)
    if ((await reader.line(maxLineBytes)) !== '') throw new Error('a chunk is longer than it says')
  }
  for (let count = 0; count < maxHeadLines; count += 1) if ((await reader.line(maxLineBytes)) === '') return
  throw new Error('there are too many trailers')
}

function parseChunkSize(line: string): number {
  const match = /^([0-9a-f]{1,8})\s*(?:;.*)?$/i.exec(line)
  if (match === null) throw new Error('a chunk has no size')
  return Number.parseInt(match[1] ?? '', 16)
}
