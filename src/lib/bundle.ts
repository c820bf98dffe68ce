import { Readable } from 'node:stream'

/**
 * The framing of `vmadm send`: a sequence of parts (first the VM object, then each dataset's stream).
 *
 * Each part is a header of 512 bytes, then its content. The header holds texts ended by NUL and is filled up with NUL:
 *   MAGIC-VMBUNDLE, version, CHECKSUM, name, size, padded size
 * Version 1 (SmartOS): `size` is the number of bytes that follow, filled up with NUL to `padded size`, a multiple of 512.
 * Version 2 (ours, for content whose length nobody knows while it is sent): both sizes are `-`; the content is frames,
 * each 4 bytes of length (big endian, 1 to 1 MiB) and that many bytes; a length of 0 ends it; then NUL up to a multiple
 * of 512 counted from the header's end. A cut stream is thus always noticed.
 * `CHECKSUM` is that word itself: SmartOS computes none, and readers ignore the field.
 * The bundle ends where a header would begin.
 */
export interface BundlePart {
  name: string
  /** Bytes; null when unknown (version 2). */
  size: number | null
  /** Must be read to its end, or destroyed, before the next part is asked for; what is left unread is skipped. */
  stream: Readable
}

const block = 512
const magic = 'MAGIC-VMBUNDLE'
const largestFrame = 2 ** 20
const longestName = 255
const noBytes = Buffer.alloc(0)

/** Bytes that fill `size` up to whole blocks. */
function paddingOf(size: number): number {
  return (block - (size % block)) % block
}

/** The 512 bytes before a part: of version 1 when its size is known, else (null) of version 2. */
export function renderHeader(name: string, size: number | null): Buffer {
  const bytes = Buffer.byteLength(name)
  if (bytes === 0 || bytes > longestName || name.includes('\0')) throw new Error(`A bundle part cannot be named "${name.slice(0, 80)}".`)
  if (size !== null && (!Number.isSafeInteger(size) || size < 0)) throw new Error(`A bundle part cannot have ${size} bytes.`)
  const sizes = size === null ? ['-', '-'] : [String(size), String(size + paddingOf(size))]
  const header = Buffer.alloc(block)
  header.write([magic, size === null ? '2' : '1', 'CHECKSUM', name, ...sizes, ''].join('\0'))
  return header
}

/** Reads a header back; a sentence of what is wrong is thrown as an Error. */
export function parseHeader(header: Buffer): { name: string; size: number | null } {
  const [word, version, , name = '', size = '', padded = ''] = header.toString('utf8', 0, block).split('\0')
  if (word !== magic) throw new Error('This is not a VM bundle: its header does not begin as one.')
  if (version !== '1' && version !== '2') throw new Error(`The bundle has version "${(version ?? '').slice(0, 20)}"; versions 1 and 2 are known.`)
  if (name === '' || Buffer.byteLength(name) > longestName) throw new Error('A part of the bundle has no proper name.')
  return { name, size: version === '2' ? null : parseSize(name, size, padded) }
}

function parseSize(name: string, size: string, padded: string): number {
  const bytes = /^\d{1,16}$/.test(size) ? Number(size) : Number.NaN
  if (!Number.isSafeInteger(bytes) || padded !== String(bytes + paddingOf(bytes)))
    throw new Error(`The part ${name} of the bundle has sizes that do not fit: "${size.slice(0, 20)}", "${padded.slice(0, 20)}".`)
  return bytes
}

/** A part whose bytes are all there, header and padding included (version 1). */
export function renderPart(name: string, content: Buffer): Buffer {
  return Buffer.concat([renderHeader(name, content.length), content, Buffer.alloc(paddingOf(content.length))])
}

/** A part of unknown length (version 2), as its bytes come. */
export async function* renderStreamPart(name: string, content: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  yield renderHeader(name, null)
  let sent = 0
  for await (const chunk of content) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    for (let at = 0; at < bytes.length; at += largestFrame) {
      const piece = bytes.subarray(at, at + largestFrame)
      yield Buffer.concat([lengthOf(piece.length), piece])
      sent += 4 + piece.length
    }
  }
  yield Buffer.concat([lengthOf(0), Buffer.alloc(paddingOf(sent + 4))])
}

function lengthOf(size: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(size)
  return bytes
}

/** Splits a bundle into its parts, one after the other. Throws an Error (also through a part's stream) when it is cut or broken. */
export async function* readBundle(input: AsyncIterable<Uint8Array>): AsyncGenerator<BundlePart> {
  const source = createSource(input)
  for (;;) {
    const header = await source.readUpTo(block)
    if (header.length === 0) return
    if (header.length < block) throw new Error('The bundle ends within a header.')
    const { name, size } = parseHeader(header)
    const content = size === null ? readFrames(source, name) : readSized(source, name, size)
    yield { name, size, stream: Readable.from(guard(content), { objectMode: false }) }
    // What the reader left unread.
    for await (const _ of content);
  }
}

/** Keeps the end of the reader's stream from ending the content, whose rest is still to be skipped. */
async function* guard(content: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  for (;;) {
    const next = await content.next()
    if (next.done === true) return
    yield next.value
  }
}

async function* readSized(source: Source, name: string, size: number): AsyncGenerator<Buffer> {
  for (let left = size; left > 0;) {
    const chunk = await source.readSome(left)
    if (chunk.length === 0) throw new Error(`The part ${name} of the bundle ends ${left} bytes too early.`)
    left -= chunk.length
    yield chunk
  }
  await skipPadding(source, name, paddingOf(size))
}

async function* readFrames(source: Source, name: string): AsyncGenerator<Buffer> {
  for (let read = 0; ;) {
    const head = await source.readUpTo(4)
    if (head.length < 4) throw new Error(`The part ${name} of the bundle is cut.`)
    const length = head.readUInt32BE()
    if (length > largestFrame) throw new Error(`The part ${name} of the bundle has a frame of ${length} bytes; ${largestFrame} is the most.`)
    read += 4 + length
    if (length === 0) return await skipPadding(source, name, paddingOf(read))
    const frame = await source.readUpTo(length)
    if (frame.length < length) throw new Error(`The part ${name} of the bundle is cut.`)
    yield frame
  }
}

async function skipPadding(source: Source, name: string, size: number): Promise<void> {
  if ((await source.readUpTo(size)).length < size) throw new Error(`The part ${name} of the bundle is cut.`)
}

interface Source {
  /** Exactly `size` bytes, fewer only at the end. */
  readUpTo(size: number): Promise<Buffer>
  /** At least one and at most `size` bytes, none only at the end. */
  readSome(size: number): Promise<Buffer>
}

/** Pulls chunks as they are needed; holds one chunk, or one frame. */
function createSource(input: AsyncIterable<Uint8Array>): Source {
  const chunks = input[Symbol.asyncIterator]()
  let rest: Buffer = noBytes

  async function readSome(size: number): Promise<Buffer> {
    while (rest.length === 0) {
      const next = await chunks.next()
      if (next.done === true) return noBytes
      rest = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength)
    }
    const taken = rest.subarray(0, size)
    rest = rest.subarray(taken.length)
    return taken
  }

  async function readUpTo(size: number): Promise<Buffer> {
    const pieces: Buffer[] = []
    for (let left = size; left > 0;) {
      const piece = await readSome(left)
      if (piece.length === 0) break
      pieces.push(piece)
      left -= piece.length
    }
    return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
  }

  return { readUpTo, readSome }
}
