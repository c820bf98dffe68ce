import { lstat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { environmentFile } from '#contracts/platform/names.ts'
import { ensureDirectory } from '../fs/atomic.ts'
import { readAt, syncNames, writeAt, writeWhole } from '../fs/blocks.ts'

const blockBytes = 1024

/** The environment block of a boot file system; null when there is none. */
export async function readEnvironmentBlock(root: string): Promise<Buffer | null> {
  return await readAt(join(root, environmentFile), 0, blockBytes + 1).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
}

/** Writes the block in place, as the loader does: the file keeps its place on the disk, and what is decided lies in one sector. */
export async function writeEnvironmentBlock(root: string, block: Uint8Array): Promise<void> {
  const path = join(root, environmentFile)
  const present = await lstat(path).catch(() => null)
  if (present?.size === blockBytes) return await writeAt(path, [{ offset: 0, bytes: block }])
  await ensureDirectory(dirname(path))
  await writeWhole(path, block)
  await syncNames(dirname(path))
}
