import type { Context } from '#host/context.ts'
import type { Parts } from '../parts.ts'
import { datasetSteps } from './dataset-steps.ts'
import { guestSteps } from './guest-steps.ts'
import { imageSteps } from './image-steps.ts'
import type { Executor, ExecutorTable } from './executor.ts'
import { recordSteps } from './record-steps.ts'
import type { Step, StepKind } from './step.ts'
import { zoneSteps } from './zone-steps.ts'

const table: ExecutorTable = { ...recordSteps, ...datasetSteps, ...guestSteps, ...zoneSteps, ...imageSteps }

export async function executeStep(step: Step, context: Context, parts: Parts): Promise<void> {
  await executorOf(step).run(step, context, parts)
}

export async function undoStep(step: Step, context: Context, parts: Parts): Promise<void> {
  await executorOf(step).undo(step, context, parts)
}

function executorOf(step: Step): Executor<StepKind> {
  return table[step.kind] as unknown as Executor<StepKind> // the table is complete by type; TypeScript cannot correlate the union
}
