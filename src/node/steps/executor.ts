import type { Context } from '#host/context.ts'
import type { Parts } from '../parts.ts'
import type { StepKind, StepOf } from './step.ts'

/** How a step is done and undone. Both may be called again; `undo` also for a step that never ran. */
export interface Executor<K extends StepKind> {
  run(step: StepOf<K>, context: Context, parts: Parts): Promise<void>
  undo(step: StepOf<K>, context: Context, parts: Parts): Promise<void>
}

export type ExecutorTable<K extends StepKind = StepKind> = { [P in K]: Executor<P> }

/** For steps that leave nothing to take back. */
export async function undoNothing(): Promise<void> {}
