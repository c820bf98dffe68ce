import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import type { Context } from '../context.ts'

/** Writes a stream to a new file and syncs it. A file that is not whole is the caller's to remove. */
export async function writeStream(path: string, input: Readable, context: Context): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    // Not a write stream of the handle: that one would keep the handle from ever being closed.
    await file.writeFile(input, { signal: context.signal })
    await file.sync()
  } finally {
    await file.close()
  }
}
