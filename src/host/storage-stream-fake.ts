import { mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { AppError } from '#contracts/errors.ts'

/** What the fake's stream says of itself. */
export interface FakeStreamHead {
  snapshot: string
  from: string | null
}

type Line = { path: string; file: string } | { path: string; link: string } | { path: string; directory: true }

/** The fake's own send format: JSON lines, first the head, then each entry, last `{"end":true}`. For small trees only. */
export async function* renderStream(head: FakeStreamHead, directory: string): AsyncGenerator<Buffer> {
  yield asLine({ fake_stream: 1, ...head })
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  for (const entry of entries) {
    const full = join(entry.parentPath, entry.name)
    const path = full.slice(directory.length + 1)
    if (entry.isDirectory()) yield asLine({ path, directory: true })
    else if (entry.isSymbolicLink()) yield asLine({ path, link: await readlink(full) })
    else yield asLine({ path, file: (await readFile(full)).toString('base64') })
  }
  yield asLine({ end: true })
}

/** Writes a stream's entries below `directory`. ImageInvalid when it is foreign or cut. */
export async function readStream(input: Readable, directory: string): Promise<FakeStreamHead> {
  const chunks: Buffer[] = []
  for await (const chunk of input) chunks.push(Buffer.from(chunk as Uint8Array))
  const lines = parseLines(Buffer.concat(chunks).toString())
  const head = lines.shift() as (FakeStreamHead & { fake_stream?: number }) | undefined
  const end = lines.pop() as { end?: boolean } | undefined
  if (head?.fake_stream !== 1 || end?.end !== true) throw new AppError('ImageInvalid', 'What was sent is not a whole stream.')
  await mkdir(directory, { recursive: true })
  for (const line of lines as Line[]) await writeEntry(directory, line)
  return { snapshot: head.snapshot, from: head.from }
}

async function writeEntry(directory: string, line: Line): Promise<void> {
  const path = join(directory, line.path)
  await mkdir('directory' in line ? path : dirname(path), { recursive: true })
  if ('file' in line) await writeFile(path, Buffer.from(line.file, 'base64'))
  if ('link' in line) await symlink(line.link, path)
}

function asLine(value: object): Buffer {
  return Buffer.from(`${JSON.stringify(value)}\n`)
}

function parseLines(text: string): unknown[] {
  try {
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as unknown)
  } catch (cause) {
    throw new AppError('ImageInvalid', 'What was sent is not a whole stream.', { cause })
  }
}
