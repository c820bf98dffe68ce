import { constants } from 'node:os'
import { AppError, isAppError } from '#contracts/errors.ts'
import { isNoSpace } from '../fs/atomic.ts'
import { noSpace } from '../pool/refusals.ts'
import { CommandFailure } from '../run/run.ts'

// native/btrfs-steps.c ends with the error number of the kernel; btrfs-progs (6.2 to 6.14) with 1 and words.
const { EDQUOT, ENOSPC, ENOTEMPTY } = constants.errno

/** Known failures → our codes; anything else stays CommandFailed. */
export function asBtrfsFailure(error: unknown, what: string): unknown {
  if (isNoSpace(error)) return noSpace(what, error)
  const failure = readFailure(error)
  if (failure === null) return error
  if (failure.exitCode === ENOSPC || failure.exitCode === EDQUOT) return noSpace(what, error)
  if (/No space left on device|Disk quota exceeded/.test(failure.stderrTail)) return noSpace(what, error)
  if (/cannot find parent subvolume/.test(failure.stderrTail))
    return new AppError('SnapshotNotFound', `The stream for ${what} builds on a snapshot that this pool does not have.`, { cause: error })
  return error
}

/** btrfs will not delete a subvolume in which a guest has made further ones; nor one inside a full quota group. */
export function isStuckDelete(error: unknown): boolean {
  if (isAppError(error, 'NoSpace')) return isStuckDelete(error.cause)
  const code = readFailure(error)?.exitCode
  return code === ENOTEMPTY || code === EDQUOT
}

function readFailure(error: unknown): CommandFailure | null {
  return isAppError(error, 'CommandFailed') && error.cause instanceof CommandFailure ? error.cause : null
}
