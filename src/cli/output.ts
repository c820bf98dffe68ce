import { writeSync } from 'node:fs'
import type { Output } from './command.ts'

const retryMs = 5

/** Whoever read our output went away: not a failure of ours. */
export class OutputClosed extends Error {}

/**
 * Writes to a standard stream at once and whole. Synchronous, so that nothing is lost when the program
 * ends right after, and so that loading Node's stream objects is spared.
 */
export function createOutput(fd: 1 | 2): Output {
  return (text) => {
    let left = typeof text === 'string' ? Buffer.from(text) : text
    while (left.length > 0) left = left.subarray(writeSome(fd, left))
  }
}

function writeSome(fd: number, bytes: Uint8Array): number {
  try {
    return writeSync(fd, bytes)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'EPIPE') throw new OutputClosed('', { cause: error })
    if (code !== 'EAGAIN') throw error
    // The other end made the pipe non-blocking and is slow: give it time.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryMs)
    return 0
  }
}
