import { isAppError } from '#contracts/errors.ts'

/** The sentence of an error and those of its causes. */
export function messagesOf(error: unknown): string {
  const messages: string[] = []
  for (let cause = error; cause instanceof Error && messages.length < 5; cause = cause.cause) messages.push(cause.message)
  if (isAppError(error) && error.hint !== undefined) messages.push(`(${error.hint})`)
  return messages.length === 0 ? String(error) : messages.join(' ')
}
