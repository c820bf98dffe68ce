import { AppError, isAppError } from '#contracts/errors.ts'
import { CommandFailure } from '../run/run.ts'

/** A failure of `ip` or `nft` as one sentence that says what was being done; what they printed stays in the cause. */
export function asNetworkError(cause: unknown, doing: string): unknown {
  if (!isAppError(cause, 'CommandFailed')) return cause
  const stderr = cause.cause instanceof CommandFailure ? cause.cause.stderrTail : ''
  const missing = /Error: argument "(br-[^"]*)" is wrong: Device does not exist/.exec(stderr)?.[1]
  if (missing !== undefined) return new AppError('NicTagNotFound', `${doing} failed: the bridge ${missing} of its nic tag is not there.`, { cause })
  if (/File exists/.test(stderr)) return new AppError('Busy', `${doing} failed: a link of that name is there already.`, { cause })
  if (/Cannot open network namespace|nsenter: cannot open/.test(stderr))
    return new AppError('RuntimeFailed', `${doing} failed: the zone's network namespace is gone.`, { cause })
  return new AppError('CommandFailed', `${doing} failed.`, { cause })
}
