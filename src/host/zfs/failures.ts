import { AppError, isAppError } from '#contracts/errors.ts'
import { datasetExists, datasetNotFound, noSpace, snapshotExists, snapshotNotFound } from '../pool/refusals.ts'
import { CommandFailure } from '../run/run.ts'
import type { SnapshotName } from '../storage.ts'

/** What a command line acts on; by the snapshot if it names one, else by the dataset. */
export interface Subject {
  dataset: string
  snapshot?: SnapshotName
}

/** Words of zfs(8) 2.3 → our codes, in the sentences that all drivers share. Anything else stays CommandFailed. */
export function asZfsFailure(error: unknown, subject: Subject): unknown {
  const text = failureText(error)
  const refusal = text === null ? undefined : known.find(([pattern]) => pattern.test(text))?.[1](subject)
  if (refusal === undefined) return error
  refusal.cause = error
  return refusal
}

/** What zfs said, also when it was translated; null when it was not zfs that failed. */
export function failureText(error: unknown): string | null {
  if (!(error instanceof AppError)) return null
  if (isAppError(error, 'CommandFailed') && error.cause instanceof CommandFailure) return error.cause.stderrTail
  return error.cause === undefined ? null : failureText(error.cause)
}

const nameOf = ({ dataset, snapshot }: Subject): SnapshotName => snapshot ?? { dataset, snapshot: '' }
const busy = ({ dataset }: Subject): AppError => new AppError('Busy', `The dataset ${dataset} is in use.`, { hint: 'stop what uses it, and try again' })

// The first that fits counts.
const known: readonly (readonly [RegExp, (subject: Subject) => AppError])[] = [
  [/out of space|No space left|Disk quota exceeded|size is less than current used/i, ({ dataset }) => noSpace(`the dataset ${dataset}`, undefined)],
  [/cannot create snapshot '.*': dataset already exists/, (subject) => snapshotExists(nameOf(subject))],
  [
    /cannot open '[^']*': no such pool|I\/O is currently suspended/,
    () => new AppError('PoolUnavailable', 'The ZFS pool is not there, or has stopped all input and output.', { hint: 'zpool status' }),
  ],
  [/dataset already exists|destination '.*' exists|must specify -F to overwrite/, ({ dataset }) => datasetExists(dataset)],
  [/name is too long/, ({ dataset }) => new AppError('InvalidPayload', `The name of the dataset ${dataset} is too long for ZFS.`)],
  [/cannot (open|hold snapshot|release hold from snapshot) '[^']*@[^']*'.* does not exist/, (subject) => snapshotNotFound(nameOf(subject))],
  [/could not find any snapshots/, (subject) => snapshotNotFound(nameOf(subject))],
  [/does not exist|no such dataset/, ({ dataset }) => datasetNotFound(dataset)],
  [
    /most recent snapshot .* does not\s+match incremental source/,
    ({ dataset }) => new AppError('SnapshotNotFound', `The stream builds on a snapshot that the dataset ${dataset} does not have as its newest.`),
  ],
  [
    /has been modified\s+since most recent snapshot/,
    ({ dataset }) => new AppError('Busy', `The dataset ${dataset} was changed since its newest snapshot, on which the stream builds.`),
  ],
  [/being held/, ({ dataset }) => new AppError('Indestructible', `A snapshot of the dataset ${dataset} is held and cannot be destroyed.`)],
  [/dependent clones|clones of previous snapshots exist|has children|is busy/, busy],
  [
    /invalid (backup )?stream|incomplete stream|bad magic|checksum mismatch|failed to read from stream/,
    ({ dataset }) => new AppError('ImageInvalid', `What was sent for the dataset ${dataset} is not a whole ZFS stream.`),
  ],
]
