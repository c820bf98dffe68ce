import { AppError, isAppError } from '#contracts/errors.ts'
import { isNoSpace } from '../fs/atomic.ts'
import { noSpace } from '../pool/refusals.ts'
import { CommandFailure } from '../run/run.ts'

/** Words of btrfs-progs and the kernel (6.2 to 6.14) → our codes; anything else stays CommandFailed. */
export function asBtrfsFailure(error: unknown, what: string): unknown {
  if (isNoSpace(error)) return noSpace(what, error)
  const text = failureText(error)
  if (text === null) return error
  if (/No space left on device|Disk quota exceeded/.test(text)) return noSpace(what, error)
  if (/cannot find parent subvolume/.test(text))
    return new AppError('SnapshotNotFound', `The stream for ${what} builds on a snapshot that this pool does not have.`, { cause: error })
  return error
}

/** btrfs will not delete a subvolume in which a guest has made further ones; nor one inside a full quota group. */
export function isStuckDelete(error: unknown): boolean {
  return /Directory not empty|Disk quota exceeded/.test(failureText(error) ?? '')
}

function failureText(error: unknown): string | null {
  return isAppError(error, 'CommandFailed') && error.cause instanceof CommandFailure ? error.cause.stderrTail : null
}
