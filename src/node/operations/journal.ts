import { join } from 'node:path'
import { AppError, isAppError } from '#contracts/errors.ts'
import type { OperationKind } from '#contracts/operation/schema.ts'
import { ensureDirectory, listDirectory, readJsonFile, removeFile, removeTemporaryFiles, writeFileAtomic } from '#host/fs/atomic.ts'
import type { Plan } from '../steps/step.ts'
import { openReserve } from './reserve.ts'

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

/** What makes space, or stops what takes it, goes on when there is none. */
const relieving: ReadonlySet<OperationKind> = new Set(['machine.stop', 'machine.delete', 'snapshot.delete', 'image.delete'])

function poolFull(cause: AppError): AppError {
  return new AppError('NoSpace', 'There is no space left on the pool; nothing was done.', {
    cause,
    hint: 'delete machines, snapshots or images that are not needed',
  })
}

export async function openJournal(directory: string): Promise<Journal> {
  await ensureDirectory(directory, 0o700)
  await removeTemporaryFiles(directory)
  const reserve = await openReserve(`${directory}-reserve`)
  const pathOf = (entry: JournalEntry): string => join(directory, `${entry.id}.json`)
  // What only lives until the next reboot needs no fsync: a power cut ends its subject as well. What it does to
  // the pool comes after it on the same file system, so the name need not be forced out first.
  const write = (entry: JournalEntry): Promise<void> =>
    writeFileAtomic(pathOf(entry), `${JSON.stringify(entry)}\n`, { durable: entry.plan.durable ? 'content' : false })
  return {
    async write(entry) {
      try {
        await write(entry)
      } catch (error) {
        if (!isAppError(error, 'NoSpace')) throw error
        if (!relieving.has(entry.kind)) throw poolFull(error)
        await reserve.release()
        await write(entry)
      }
    },
    async remove(entry) {
      await removeFile(pathOf(entry), { durable: entry.plan.durable })
      await reserve.restore()
    },
    async list() {
      const entries: JournalEntry[] = []
      for (const name of await listDirectory(directory)) {
        if (name.endsWith('.json')) entries.push((await readJsonFile(join(directory, name))) as JournalEntry) // our own file, written atomically
      }
      return entries.sort((a, b) => a.created_at.localeCompare(b.created_at))
    },
  }
}
