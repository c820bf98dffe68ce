const newline = 10

/** Reads lines and counted bytes off a stream of chunks, keeping what was read too far. */
export interface ByteReader {
  /** The next line without its end (CRLF or LF). Throws when it is longer than `limit` bytes or the stream ends in it. */
  line(limit: number): Promise<string>
  /** Between 1 and `limit` bytes; null at the end of the stream. */
  take(limit: number): Promise<Buffer | null>
}

export function createByteReader(source: AsyncIterable<Buffer>): ByteReader {
  const chunks = source[Symbol.asyncIterator]()
  let buffer: Buffer = Buffer.alloc(0)

  async function fill(): Promise<boolean> {
    const next = await chunks.next()
    if (next.done === true) return false
    buffer = buffer.length === 0 ? next.value : Buffer.concat([buffer, next.value])
    return true
  }

  async function line(limit: number): Promise<string> {
    let end = buffer.indexOf(newline)
    while (end < 0) {
      if (buffer.length > limit) throw new Error(`a line is longer than ${limit} bytes`)
      if (!(await fill())) throw new Error('the answer broke off')
      end = buffer.indexOf(newline)
    }
    if (end > limit) throw new Error(`a line is longer than ${limit} bytes`)
    const text = buffer.toString('latin1', 0, end)
    buffer = buffer.subarray(end + 1)
    return text.endsWith('\r') ? text.slice(0, -1) : text
  }

  async function take(limit: number): Promise<Buffer | null> {
    while (buffer.length === 0) if (!(await fill())) return null
    const part = buffer.subarray(0, limit)
    buffer = buffer.subarray(part.length)
    return part
  }

  return { line, take }
}
