import type { Context } from '#host/context.ts'
import type { Parts } from '../parts.ts'
import { datasetSteps } from './dataset-steps.ts'
import { guestSteps } from './guest-steps.ts'
import { imageSteps } from './image-steps.ts'
import type { Executor, ExecutorTable } from './executor.ts'
import { recordSteps } from './record-steps.ts'
import type { Step, StepKind } from './step.ts'
import { zoneSteps } from './zone-steps.ts'

/** Steps that do not need each other's outcome. When one fails the others are taken back as well. */
const together: Executor<'together'> = {
  async run({ steps }, context, parts) {
    const outcomes = await Promise.allSettled(steps.map((step) => executeStep(step, context, parts)))
    const failure = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failure === undefined) return
    await together.undo({ kind: 'together', steps }, { ...context, signal: new AbortController().signal }, parts)
    throw failure.reason
  },
  async undo({ steps }, context, parts) {
    for (const step of steps.toReversed()) await undoStep(step, context, parts)
  },
}

const table: ExecutorTable = { together, ...recordSteps, ...datasetSteps, ...guestSteps, ...zoneSteps, ...imageSteps }

export async function executeStep(step: Step, context: Context, parts: Parts): Promise<void> {
  await executorOf(step).run(step, context, parts)
}

export async function undoStep(step: Step, context: Context, parts: Parts): Promise<void> {
  await executorOf(step).undo(step, context, parts)
}

function executorOf(step: Step): Executor<StepKind> {
  return table[step.kind] as unknown as Executor<StepKind> // the table is complete by type; TypeScript cannot correlate the union
}
