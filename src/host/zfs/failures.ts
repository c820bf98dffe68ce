import { AppError, isAppError } from '#contracts/errors.ts'
import { noSpace } from '../pool/refusals.ts'
import { CommandFailure } from '../run/run.ts'

/** Words of zfs(8) 2.3 → our codes; `what` is the thing that was acted on. Anything else stays CommandFailed. */
export function asZfsFailure(error: unknown, what: string): unknown {
  const text = failureText(error)
  if (text === null) return error
  const code = known.find(([pattern]) => pattern.test(text))?.[1]
  if (code === undefined) return error
  return code === 'NoSpace' ? noSpace(what, error) : new AppError(code, sentences[code](what), { cause: error })
}

/** What zfs said; null when it was not zfs that failed. */
export function failureText(error: unknown): string | null {
  return isAppError(error, 'CommandFailed') && error.cause instanceof CommandFailure ? error.cause.stderrTail : null
}

type Known = 'NoSpace' | 'DatasetExists' | 'DatasetNotFound' | 'SnapshotNotFound' | 'Busy' | 'ImageInvalid'

// The first that fits counts.
const known: readonly (readonly [RegExp, Known])[] = [
  [/out of space|No space left|Disk quota exceeded|size is less than current used/i, 'NoSpace'],
  [/(dataset|snapshot|destination '.*') (already )?exists|must specify -F to overwrite/, 'DatasetExists'],
  [/does not exist|no such (dataset|snapshot)|could not find any snapshots/, 'DatasetNotFound'],
  [/most recent snapshot .* does not\s+match incremental source/, 'SnapshotNotFound'],
  [/dependent clones|has children|is busy|pool or dataset is busy/, 'Busy'],
  [/invalid (backup )?stream|incomplete stream|bad magic|checksum mismatch|failed to read from stream/, 'ImageInvalid'],
]

const sentences: Record<Exclude<Known, 'NoSpace'>, (what: string) => string> = {
  DatasetExists: (what) => `${what} is on the pool already.`,
  DatasetNotFound: (what) => `${what} is not on the pool.`,
  SnapshotNotFound: (what) => `The stream builds on a snapshot that ${what} does not have as its newest.`,
  Busy: (what) => `${what} is in use.`,
  ImageInvalid: (what) => `What was sent for ${what} is not a whole ZFS stream.`,
}
