import type { AppError } from '#contracts/errors.ts'

/**
 * A failure for a person: the sentence, each wrong property on a line of its own, the reasons behind it,
 * the last words of a failed program, and what to type next.
 */
export function renderError(first: string, error: AppError, extraHint?: string): string {
  const lines = [first]
  // What the sentence says already is not said twice.
  for (const detail of error.details ?? []) if (!first.includes(detail.message)) lines.push(`  ${detail.path}: ${detail.message}`)
  for (const cause of readCauses(error)) lines.push(`  because: ${cause}`)
  if (error.internal !== undefined)
    lines.push(
      ...error.internal
        .trimEnd()
        .split('\n')
        .map((line) => `  ${line}`),
    )
  const hint = error.hint ?? extraHint
  if (hint !== undefined) lines.push(`hint: ${hint}`)
  return `${lines.join('\n')}\n`
}

/** Messages of the causes, outermost first; those of this program's own system calls say nothing new. */
function readCauses(error: AppError): string[] {
  const messages: string[] = []
  for (let cause = error.cause; cause instanceof Error && messages.length < 10; cause = cause.cause) {
    if (!('syscall' in cause)) messages.push(cause.message)
  }
  return messages
}
