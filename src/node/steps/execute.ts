import type { Context } from '#host/context.ts'
import type { Parts } from '../parts.ts'
import { datasetSteps } from './dataset-steps.ts'
import { guestSteps } from './guest-steps.ts'
import { imageSteps } from './image-steps.ts'
import { recordSteps } from './record-steps.ts'
import type { Step, StepKind, StepOf } from './step.ts'
import { zoneSteps } from './zone-steps.ts'

/** How a step is done and undone. Both may be called again; `undo` also for a step that never ran. */
export interface Executor<K extends StepKind> {
  run(step: StepOf<K>, context: Context, parts: Parts): Promise<void>
  undo(step: StepOf<K>, context: Context, parts: Parts): Promise<void>
}

export type ExecutorTable<K extends StepKind = StepKind> = { [P in K]: Executor<P> }

const table: ExecutorTable = { ...recordSteps, ...datasetSteps, ...guestSteps, ...zoneSteps, ...imageSteps }

/** For steps that leave nothing to take back. */
export async function undoNothing(): Promise<void> {}

export async function executeStep(step: Step, context: Context, parts: Parts): Promise<void> {
  await executorOf(step).run(step, context, parts)
}

export async function undoStep(step: Step, context: Context, parts: Parts): Promise<void> {
  await executorOf(step).undo(step, context, parts)
}

function executorOf(step: Step): Executor<StepKind> {
  return table[step.kind] as unknown as Executor<StepKind> // the table is complete by type; TypeScript cannot correlate the union
}
