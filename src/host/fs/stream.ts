import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Context } from '../context.ts'

/** Writes a stream to a new file and syncs it. A file that is not whole is the caller's to remove. */
export async function writeStream(path: string, input: Readable, context: Context): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await pipeline(input, file.createWriteStream({ autoClose: false }), { signal: context.signal })
    await file.sync()
  } finally {
    await file.close()
  }
}
