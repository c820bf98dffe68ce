import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '#contracts/errors.ts'
import type { Context } from '../context.ts'
import type { Argv } from '../run/programs.ts'
import { renderDestroy } from './argv.ts'
import { failureText, type Subject } from './failures.ts'
import { fullName, orMissing, runZfs, type ZfsPool } from './read.ts'

const busyTries = 20
const busyPauseMs = 100

/** What was begun is ended: a killed zfs may or may not have done its work. Cancelling acts between the command lines. */
export async function changeZfs(pool: ZfsPool, argv: Argv, subject: Subject, context: Context): Promise<string> {
  return await runZfs(pool, argv, subject, context.signal.aborted ? context : withoutCancel(context))
}

function withoutCancel(context: Context): Context {
  return { ...context, signal: new AbortController().signal }
}

/** Takes back what this driver has made, also when the verb was cancelled meanwhile. */
export async function destroyTree(pool: ZfsPool, dataset: string, context: Context): Promise<void> {
  await orMissing(runZfs(pool, renderDestroy(fullName(pool, dataset), { recursive: true }), { dataset }, withoutCancel(context)))
}

/** True when zfs itself said so. */
export function says(error: unknown, pattern: RegExp): boolean {
  return pattern.test(failureText(error) ?? '')
}

/**
 * Tries again for two seconds while zfs says "is busy": the kernel lets go of the mounts of a zone that ended a little
 * after its last process is gone, and of a snapshot that somebody looked at below .zfs.
 */
export async function insist<Answer>(act: () => Promise<Answer>, context: Context): Promise<Answer> {
  for (let left = busyTries; ; left -= 1) {
    try {
      return await act()
    } catch (error) {
      if (left === 0 || !says(error, /is busy/)) throw error
    }
    await pause(context)
  }
}

async function pause(context: Context): Promise<void> {
  try {
    await sleep(busyPauseMs, undefined, { signal: context.signal })
  } catch (cause) {
    throw new AppError('Cancelled', 'zfs was not waited for: cancelled.', { cause })
  }
}

export async function ignoring(pattern: RegExp, answer: Promise<unknown>): Promise<void> {
  try {
    await answer
  } catch (error) {
    if (!says(error, pattern)) throw error
  }
}
