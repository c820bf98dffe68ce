import type { Operation } from '#contracts/operation/schema.ts'
import type { Option } from '../command.ts'

export const dryRunOption: Option = { long: 'dry-run', short: 'n', summary: 'Prints the steps that would be done and does nothing' }
export const strictOption: Option = { long: 'strict', summary: 'Takes unknown properties for errors; without it they are ignored with a warning' }

/** The steps of a dry run, one a line: `1. dataset.clone  image_uuid=…`. */
export function renderPlan(operation: Operation): string {
  const steps = readSteps(operation.result)
  if (steps.length === 0) return 'Nothing to do.\n'
  const width = String(steps.length).length
  return steps.map((step, index) => `${String(index + 1).padStart(width)}. ${renderStep(step)}\n`).join('')
}

function readSteps(result: unknown): Record<string, unknown>[] {
  if (typeof result !== 'object' || result === null || !('steps' in result) || !Array.isArray(result.steps)) return []
  return result.steps.filter((step): step is Record<string, unknown> => typeof step === 'object' && step !== null)
}

function renderStep(step: Record<string, unknown>): string {
  const { kind, ...rest } = step
  const facts = Object.entries(rest).flatMap(([key, value]) => (typeof value === 'object' ? [] : [`${key}=${String(value)}`]))
  return [String(kind), ...facts].join('  ')
}
