import { rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncNames } from './blocks.ts'

/** Gives a directory another name on the same file system, for good. Only where renaming is atomic: not on FAT. */
export async function renameDurably(from: string, to: string): Promise<void> {
  await rename(from, to)
  await syncNames(dirname(to))
}
