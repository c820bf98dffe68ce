const newline = 10
/** A `ready` event carries every machine of the node. */
const maxLineBytes = 256 * 1024 * 1024

/** The JSON documents of a stream that has one a line. A last line without its end counts; empty lines do not. */
export async function* readJsonLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<unknown> {
  let parts: Buffer[] = []
  let size = 0
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      parts.push(chunk.subarray(start, end))
      start = end + 1
      const line = Buffer.concat(parts).toString()
      parts = []
      size = 0
      if (line.trim() !== '') yield JSON.parse(line)
    }
    parts.push(chunk.subarray(start))
    size += chunk.length - start
    if (size > maxLineBytes) throw new Error(`a line is longer than ${maxLineBytes} bytes`)
  }
  const rest = Buffer.concat(parts).toString()
  if (rest.trim() !== '') yield JSON.parse(rest)
}
