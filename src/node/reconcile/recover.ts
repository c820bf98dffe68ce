import type { Journal, JournalEntry } from '../operations/journal.ts'
import type { Locks } from '../operations/locks.ts'
import { type Hooks, recoverPlan } from '../operations/run-plan.ts'
import { publishMachine } from '../machines/read.ts'
import type { Parts } from '../parts.ts'

export interface RecoverOptions {
  parts: Parts
  journal: Journal
  locks: Locks
  hooks: Hooks
}

/**
 * Finishes or unwinds what a killed daemon left. The locks are taken before this returns, so that nothing
 * new starts on those subjects; the work goes on behind, for a guest may take its time to be provisioned.
 */
export async function beginRecovery(options: RecoverOptions): Promise<{ finished: Promise<void> }> {
  const entries = await options.journal.list()
  const work: Promise<void>[] = []
  for (const entry of entries) {
    const release = await options.locks.acquire(entry.subject, new AbortController().signal)
    work.push(recoverEntry(entry, options).finally(release))
  }
  return { finished: Promise.all(work).then(() => undefined) }
}

async function recoverEntry(entry: JournalEntry, options: RecoverOptions): Promise<void> {
  const { parts } = options
  try {
    const outcome = await recoverPlan(entry, options)
    parts.log.info({ operation: entry.id, kind: entry.kind, subject: entry.subject, outcome }, 'recovered an operation')
  } catch (error) {
    parts.log.error({ err: error, operation: entry.id, kind: entry.kind, subject: entry.subject }, 'could not recover an operation; the next start tries again')
  }
  await publishMachine(entry.subject, parts).catch((error: unknown) => parts.log.error({ err: error }, 'could not read back after a recovery'))
}
