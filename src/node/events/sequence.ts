import { readJsonFile, writeFileAtomic } from '#host/fs/atomic.ts'

const blockSize = 10_000

/**
 * Numbers that never go back. The next block of them is reserved on disk before it is used, so that a
 * restart skips some and reuses none.
 */
export interface Sequence {
  current(): number
  next(): number
}

/** `onError` is told when a block cannot be reserved; the numbers then go on without the promise for restarts. */
export async function openSequence(path: string, onError: (error: unknown) => void): Promise<Sequence> {
  const stored = (await readJsonFile(path)) as { reserved?: number } | null // our own file, written atomically
  let current = stored?.reserved ?? 0
  let reserved = current
  const reserve = async (): Promise<void> => {
    reserved += blockSize
    await writeFileAtomic(path, `${JSON.stringify({ reserved })}\n`)
  }
  await reserve()
  return {
    current: () => current,
    next() {
      current += 1
      if (current > reserved - blockSize / 2) void reserve().catch(onError)
      return current
    },
  }
}
