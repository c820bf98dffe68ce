import { join } from 'node:path'
import { AppError, isAppError } from '#contracts/errors.ts'
import { ensureDirectory, listDirectory, readJsonFile, removeFile, removeTemporaryFiles, writeFileAtomic } from '#host/fs/atomic.ts'

/**
 * Records of one kind, a readable JSON file each, all held in memory as well: reading never touches the
 * disk, writing is one atomic replacement. A file that cannot be understood is a problem that is told,
 * and its id stays taken; it never stops the daemon.
 */
export interface RecordStore<T> {
  get(id: string): T | undefined
  /** Throws StateCorrupt when the id's file is there but cannot be read. */
  require(id: string): T | undefined
  all(): Iterable<T>
  size(): number
  write(id: string, record: T): Promise<void>
  /** Writes what `change` makes of the present record; changes of one record follow each other, none is lost. */
  update(id: string, change: (current: T | undefined) => T): Promise<void>
  remove(id: string): Promise<void>
  /** Sentences about corrupt files. */
  problems(): string[]
}

/** Opens the store of `directory`; `parse` throws on a record that is not one. */
export async function openRecordStore<T>(directory: string, parse: (value: unknown) => T): Promise<RecordStore<T>> {
  await ensureDirectory(directory, 0o700)
  await removeTemporaryFiles(directory)
  const records = new Map<string, T>()
  const corrupt = new Map<string, AppError>()
  const queues = new Map<string, Promise<void>>()
  for (const name of await listDirectory(directory)) {
    if (!name.endsWith('.json')) continue
    const id = name.slice(0, -'.json'.length)
    try {
      records.set(id, parse(await readJsonFile(join(directory, name))))
    } catch (cause) {
      corrupt.set(id, asCorrupt(join(directory, name), cause))
    }
  }
  /** One writer at a time on an id; its failure is the caller's, not the next one's. */
  function inTurn(id: string, work: () => Promise<void>): Promise<void> {
    const turn = (queues.get(id) ?? Promise.resolve()).then(work)
    const settled = turn
      .catch(() => {})
      .then(() => {
        if (queues.get(id) === settled) queues.delete(id)
      })
    queues.set(id, settled)
    return turn
  }

  async function replace(id: string, record: T): Promise<void> {
    const problem = corrupt.get(id)
    if (problem !== undefined) throw problem
    await writeFileAtomic(join(directory, `${id}.json`), `${JSON.stringify(record, null, 2)}\n`)
    records.set(id, record)
  }

  return {
    get: (id) => records.get(id),
    require(id) {
      const problem = corrupt.get(id)
      if (problem !== undefined) throw problem
      return records.get(id)
    },
    all: () => records.values(),
    size: () => records.size,
    write: (id, record) => inTurn(id, () => replace(id, record)),
    update: (id, change) => inTurn(id, () => replace(id, change(records.get(id)))),
    remove: (id) =>
      inTurn(id, async () => {
        await removeFile(join(directory, `${id}.json`))
        records.delete(id)
        corrupt.delete(id)
      }),
    problems: () => [...corrupt.values()].map((error) => error.message),
  }
}

function asCorrupt(path: string, cause: unknown): AppError {
  if (isAppError(cause, 'StateCorrupt')) return cause
  return new AppError('StateCorrupt', `The state file ${path} does not hold what it should.`, {
    cause,
    hint: `restore ${path} from a snapshot of the pool, or move it away`,
  })
}
