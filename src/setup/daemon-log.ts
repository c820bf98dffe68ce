import { createReadStream, watchFile, unwatchFile } from 'node:fs'
import { open, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Writable } from 'node:stream'
import { ensureDirectory } from '#host/fs/atomic.ts'

const rotateAtBytes = 16 << 20
const generations = 3

/** Makes room for the log of a new daemon: a large one moves on to .1, .1 to .2; the oldest goes. */
export async function rotateLog(path: string): Promise<void> {
  await ensureDirectory(dirname(path), 0o750)
  if ((await sizeOf(path)) < rotateAtBytes) return
  for (let generation = generations - 1; generation >= 1; generation -= 1) {
    await rename(`${path}.${generation}`, `${path}.${generation + 1}`).catch(ignoreMissing)
  }
  await rename(path, `${path}.1`)
}

/** The last lines of a log; '' when there is none. Reads no more than 64 KiB. */
export async function readLastLines(path: string, count: number): Promise<string> {
  const size = await sizeOf(path)
  if (size === 0) return ''
  const file = await open(path, 'r')
  try {
    const length = Math.min(size, 64 << 10)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length)
    return buffer.toString('utf8', 0, bytesRead).trimEnd().split('\n').slice(-count).join('\n')
  } finally {
    await file.close()
  }
}

/** Copies what is added to the log from now on, also over a rotation, until the signal. */
export async function followLog(path: string, out: Writable, signal: AbortSignal): Promise<void> {
  let at = await sizeOf(path)
  const { promise, resolve } = Promise.withResolvers<void>()
  watchFile(path, { interval: 250 }, (now) => {
    const from = now.size < at ? 0 : at
    at = now.size
    if (now.size > from) createReadStream(path, { start: from, end: now.size - 1 }).pipe(out, { end: false })
  })
  signal.addEventListener('abort', () => resolve(), { once: true })
  await promise
  unwatchFile(path)
}

async function sizeOf(path: string): Promise<number> {
  return await stat(path).then(
    (found) => found.size,
    () => 0,
  )
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}
