import { AppError } from './errors.ts'

/** A failure for people: the sentence, then each cause, then what to do. A defect keeps its stack. */
export function renderFailure(error: unknown): string {
  if (!(error instanceof AppError)) return `spirula: this is a defect: ${error instanceof Error ? error.stack : String(error)}`
  const lines = [`spirula: ${error.message}`]
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) lines.push(`because: ${cause.message}`)
  for (const { path, message } of error.details ?? []) lines.push(`  ${path}: ${message}`)
  if (error.hint !== undefined) lines.push(`hint: ${error.hint}`)
  return lines.join('\n')
}
