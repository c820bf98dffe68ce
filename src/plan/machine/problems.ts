import { AppError, type ErrorCode } from '#contracts/errors.ts'

/** A mistake in a payload. */
export interface Problem {
  /** Path of the property, e.g. `nics.0.vlan_id`. */
  path: string
  /** A whole sentence, in SmartOS's words where it has them. */
  message: string
  /** InvalidPayload when absent. */
  code?: ErrorCode
  /** The property is required and absent. */
  missing?: true
}

/** A key of the payload that does nothing, and why. */
export interface Notice {
  path: string
  message: string
  kind: 'unknown' | 'not_allowed' | 'other'
}

/** What ignored keys amount to: warnings, but unknown ones are mistakes when `strict`. */
export function judgeNotices(notices: readonly Notice[], strict: boolean): { problems: Problem[]; warnings: string[] } {
  const isMistake = (notice: Notice): boolean => strict && notice.kind === 'unknown'
  return {
    problems: notices.filter(isMistake).map(({ path, message }) => ({ path, message: message.replace(' and is ignored', ''), code: 'UnknownProperty' })),
    warnings: notices.filter((notice) => !isMistake(notice)).map((notice) => notice.message),
  }
}

/**
 * Throws all mistakes as one error; does nothing without any. Mistakes of one special kind (an unknown image,
 * a taken address) keep that code; a mixture is InvalidPayload.
 */
export function assertNoProblems(problems: readonly Problem[]): void {
  const [first] = problems
  if (first === undefined) return
  const details = problems.map(({ path, message }) => ({ path, message }))
  const code = first.code ?? 'InvalidPayload'
  if (problems.every((problem) => (problem.code ?? 'InvalidPayload') === code) && code !== 'InvalidPayload') {
    throw new AppError(code, `${introductions[code] ?? ''}${sentencesOf(problems)}`, { details, ...hintOf(code) })
  }
  throw new AppError('InvalidPayload', [...summariesOf(problems), sentencesOf(problems)].join(' '), { details })
}

const introductions: Partial<Record<ErrorCode, string>> = {
  AddressConflict: 'Conflict detected with another vm, please check the MAC, IP, and VRID: ',
}

function hintOf(code: ErrorCode): { hint?: string } {
  if (code === 'ImageNotFound') return { hint: '`imgadm list` shows the installed images' }
  if (code === 'NicTagNotFound') return { hint: '`nictagadm list` shows the nic tags' }
  return {}
}

/** SmartOS's two summary lines (reference 1.5). */
function summariesOf(problems: readonly Problem[]): string[] {
  const missing = pathsOf(problems.filter((problem) => problem.missing === true))
  const bad = pathsOf(problems.filter((problem) => problem.missing !== true))
  return [
    ...(bad.length > 0 ? [`Invalid value(s) for: ${bad.join(',')}.`] : []),
    ...(missing.length > 0 ? [`Missing required properties: ${missing.join(',')}.`] : []),
  ]
}

function sentencesOf(problems: readonly Problem[]): string {
  return [...new Set(problems.map(({ message }) => (/[.!?]$/.test(message) ? message : `${message}.`)))].join(' ')
}

export function pathsOf(problems: readonly Problem[]): string[] {
  return [...new Set(problems.map((problem) => problem.path))]
}
