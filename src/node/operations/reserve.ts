import { randomBytes } from 'node:crypto'
import { basename, dirname } from 'node:path'
import { isAppError } from '#contracts/errors.ts'
import { listDirectory, removeFile, writeFileAtomic } from '#host/fs/atomic.ts'

const reserveBytes = 4 << 20

/**
 * Space that the node keeps for itself on the pool, as a file. A guest without a quota can fill a pool to the last
 * byte, and what helps then, stopping or deleting it, has to be written down first.
 */
export interface Reserve {
  release(): Promise<void>
  /** Takes the space again when it was released and is there. */
  restore(): Promise<void>
}

export async function openReserve(path: string): Promise<Reserve> {
  let held = (await listDirectory(dirname(path))).includes(basename(path))

  async function restore(): Promise<void> {
    if (held) return
    try {
      // Nothing that a pool could make smaller.
      await writeFileAtomic(path, randomBytes(reserveBytes / 2).toString('hex'), { durable: false })
      held = true
    } catch (error) {
      if (!isAppError(error, 'NoSpace')) throw error
    }
  }

  async function release(): Promise<void> {
    await removeFile(path)
    held = false
  }

  await restore()
  return { release, restore }
}
