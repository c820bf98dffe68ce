import { join } from 'node:path'
import type { OperationKind } from '#contracts/operation/schema.ts'
import { ensureDirectory, listDirectory, readJsonFile, removeFile, removeTemporaryFiles, writeFileAtomic } from '#host/fs/atomic.ts'
import type { Plan } from '../steps/step.ts'

/** What is on disk while an operation runs: enough to finish or to undo it after a SIGKILL or a power cut. */
export interface JournalEntry {
  v: 1
  id: string
  kind: OperationKind
  subject: string
  created_at: string
  plan: Plan
}

export interface Journal {
  write(entry: JournalEntry): Promise<void>
  remove(entry: JournalEntry): Promise<void>
  /** Entries left by a daemon that was killed, oldest first. */
  list(): Promise<JournalEntry[]>
}

export async function openJournal(directory: string): Promise<Journal> {
  await ensureDirectory(directory, 0o700)
  await removeTemporaryFiles(directory)
  const pathOf = (entry: JournalEntry): string => join(directory, `${entry.id}.json`)
  return {
    // What only lives until the next reboot needs no fsync: a power cut ends its subject as well. What it does to
    // the pool comes after it on the same file system, so the name need not be forced out first.
    write: (entry) => writeFileAtomic(pathOf(entry), `${JSON.stringify(entry)}\n`, { durable: entry.plan.durable ? 'content' : false }),
    remove: (entry) => removeFile(pathOf(entry), { durable: entry.plan.durable }),
    async list() {
      const entries: JournalEntry[] = []
      for (const name of await listDirectory(directory)) {
        if (name.endsWith('.json')) entries.push((await readJsonFile(join(directory, name))) as JournalEntry) // our own file, written atomically
      }
      return entries.sort((a, b) => a.created_at.localeCompare(b.created_at))
    },
  }
}
