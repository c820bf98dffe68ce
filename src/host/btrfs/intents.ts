import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { intentsDirectory, type Layout } from './layout.ts'
import { readNames } from './tree.ts'

/**
 * Notes what is about to be done in several steps as the name of an empty directory, `WORD=WORD…`: two words are a
 * rename (from, to), three a lifted limit (`limit`, group, bytes). Gives its path, to be removed when done.
 */
export async function createIntent(layout: Layout, words: readonly string[]): Promise<string> {
  const path = join(intentsDirectory(layout), words.map(encodeURIComponent).join('='))
  await mkdir(path, { recursive: true, mode: 0o700 })
  return path
}

/** Paths and words of what was not ended. */
export async function readIntents(layout: Layout): Promise<[string, string[]][]> {
  const names = await readNames(intentsDirectory(layout))
  return names.map((name) => [join(intentsDirectory(layout), name), name.split('=').map(decodeURIComponent)])
}
