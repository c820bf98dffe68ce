import { renderCrc32 } from './crc32.ts'

/**
 * The metadata protocol, versions 1 and 2, on one byte stream (smartos-node reference 4.2). Every line
 * is judged by itself, so a guest may change version at any line, as SmartOS guests do after a reset.
 */

/** Longest line a guest may send; a PUT of version 2 carries its value in base64 twice over (16/9). */
export const maxLineBytes = 1 << 20

/** `id` is the request id of a version 2 frame, null in version 1. */
export type MetadataRequest =
  | { kind: 'negotiate'; id: null; supported: boolean }
  | { kind: 'get'; id: string | null; key: string }
  | { kind: 'keys'; id: string | null }
  | { kind: 'put'; id: string; key: string; value: string }
  | { kind: 'delete'; id: string; key: string }
  /** Understood as a frame or line, but not as a request. */
  | { kind: 'invalid'; id: string | null; reason: string }
  /** A line longer than allowed: answer if there is an id, then close. Nothing is parsed after it. */
  | { kind: 'overflow'; id: string | null }

export type MetadataAnswer = { kind: 'success'; value?: string } | { kind: 'notfound' } | { kind: 'failure'; message: string }

export interface MetadataParser {
  /** Requests completed by these bytes, in order. Never throws. */
  push(chunk: Uint8Array): MetadataRequest[]
  /** Bytes held of a line that has no end yet. */
  readonly heldBytes: number
}

/** Makes a parser for one connection; it holds at most `limit` bytes. */
export function createMetadataParser(limit = maxLineBytes): MetadataParser {
  const line = createLineBuffer(limit)
  const takeRequest = (complete: boolean): MetadataRequest | null => {
    if (line.overflowed()) return { kind: 'overflow', id: readFrameId(line.take().subarray(0, 64).toString('latin1')) }
    return complete ? parseLine(line.take()) : null
  }
  return {
    get heldBytes() {
      return line.length()
    },
    push(chunk) {
      const requests: MetadataRequest[] = []
      for (let from = 0; from < chunk.length && !line.overflowed();) {
        const newline = chunk.indexOf(0x0a, from)
        const end = newline === -1 ? chunk.length : newline
        line.append(chunk.subarray(from, end))
        const request = takeRequest(newline !== -1)
        if (request !== null) requests.push(request)
        from = end + 1
      }
      return requests
    },
  }
}

/** Bytes of an unfinished line in one block that doubles: a guest that sends byte by byte costs no more than one that does not. */
function createLineBuffer(limit: number) {
  let block = Buffer.alloc(0)
  let length = 0
  let overflowed = false
  return {
    length: () => length,
    overflowed: () => overflowed,
    append(part: Uint8Array): void {
      const kept = part.subarray(0, limit - length)
      overflowed = kept.length < part.length
      if (length + kept.length > block.length) {
        const larger = Buffer.alloc(Math.min(limit, Math.max(256, (length + kept.length) * 2)))
        block.copy(larger, 0, 0, length)
        block = larger
      }
      block.set(kept, length)
      length += kept.length
    },
    take(): Buffer {
      const line = block.subarray(0, length)
      block = Buffer.alloc(0)
      length = 0
      return line
    },
  }
}

/** One line without its newline; null for a frame that must be dropped in silence. */
function parseLine(line: Buffer): MetadataRequest | null {
  const text = line.toString('utf8').trim()
  if (/^V2( |$)/.test(text)) return parseFrame(line)
  const [, command, argument] = /^(\S+)(?:\s+(.*))?$/.exec(text) ?? []
  if (command === 'NEGOTIATE') return { kind: 'negotiate', id: null, supported: argument === 'V2' }
  if (command === 'GET' && argument !== undefined) return { kind: 'get', id: null, key: argument }
  if (command === 'KEYS' && argument === undefined) return { kind: 'keys', id: null }
  return { kind: 'invalid', id: null, reason: 'invalid command' }
}

/** `V2 LEN CRC BODY` with BODY = `REQID CODE[ PAYLOAD]`; wrong length, checksum or form gives null. */
function parseFrame(line: Buffer): MetadataRequest | null {
  const text = line.toString('latin1').replace(/\r$/, '')
  const [, length, crc, body] = /^V2 (\d{1,9}) ([0-9a-f]{8}) (.*)$/.exec(text) ?? []
  if (body === undefined || Number(length) !== body.length) return null
  if (renderCrc32(Buffer.from(body, 'latin1')) !== crc) return null
  const [, id, code, payload] = /^([0-9a-f]{8}) ([A-Z]+)(?: (.*))?$/.exec(body) ?? []
  if (id === undefined || code === undefined) return null
  return parseRequest(id, code, payload ?? '')
}

function parseRequest(id: string, code: string, payload: string): MetadataRequest {
  if (code === 'KEYS') return { kind: 'keys', id }
  const invalid = (reason: string): MetadataRequest => ({ kind: 'invalid', id, reason })
  if (code !== 'GET' && code !== 'DELETE' && code !== 'PUT') return invalid('invalid command')
  const text = decodeBase64(payload)
  if (text === null) return invalid('The payload is not base64 of UTF-8 text.')
  if (code !== 'PUT') return { kind: code === 'GET' ? 'get' : 'delete', id, key: text }
  const [key, value] = text.split(' ').map(decodeBase64)
  if (typeof key !== 'string' || typeof value !== 'string') return invalid('Key and value are not both base64 of UTF-8 text.')
  return { kind: 'put', id, key, value }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Text of strict base64; null for anything else. Metadata is text: bytes that are not UTF-8 would come back changed. */
function decodeBase64(text: string): string | null {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null
  try {
    return utf8.decode(Buffer.from(text, 'base64'))
  } catch {
    return null
  }
}

function readFrameId(start: string): string | null {
  return /^V2 \d{1,9} [0-9a-f]{8} ([0-9a-f]{8}) /.exec(start)?.[1] ?? null
}

/** Bytes to send for an answer; in the version the request came in. */
export function renderAnswer(request: MetadataRequest, answer: MetadataAnswer): string {
  if (request.kind === 'negotiate') return answer.kind === 'success' ? 'V2_OK\n' : 'FAILURE\n'
  return request.id === null ? renderAnswerV1(request, answer) : renderAnswerV2(request.id, answer)
}

function renderAnswerV1(request: MetadataRequest, answer: MetadataAnswer): string {
  if (request.kind === 'invalid' || request.kind === 'overflow') return 'invalid command\n'
  if (answer.kind === 'success') return `SUCCESS\n${(answer.value ?? '').replaceAll(/(^|\n)\./g, '$1..')}\n.\n`
  return answer.kind === 'notfound' ? 'NOTFOUND\n' : 'FAILURE\n'
}

function renderAnswerV2(id: string, answer: MetadataAnswer): string {
  if (answer.kind === 'notfound') return renderFrame(id, 'NOTFOUND')
  if (answer.kind === 'failure') return renderFrame(id, 'FAILURE', encodeBase64(answer.message))
  return renderFrame(id, 'SUCCESS', answer.value === undefined ? undefined : encodeBase64(answer.value))
}

/** One version 2 line, for requests and answers alike; `payload` is base64 already. */
export function renderFrame(id: string, code: string, payload?: string): string {
  const body = payload === undefined ? `${id} ${code}` : `${id} ${code} ${payload}`
  return `V2 ${body.length} ${renderCrc32(Buffer.from(body, 'latin1'))} ${body}\n`
}

export function encodeBase64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64')
}
