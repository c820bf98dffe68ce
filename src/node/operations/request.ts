import type { OperationKind } from '#contracts/operation/schema.ts'
import type { Context } from '#host/context.ts'
import type { Plan } from '../steps/step.ts'

/** What a route hands over to have done. */
export interface Request {
  kind: OperationKind
  subject: string
  /** Looks at the facts and decides, once the lock is held. */
  plan: (context: Context) => Promise<Plan> | Plan
  /** Always called at the end, whether it went well or not, before the operation says so: reads back and publishes. */
  settle?: () => Promise<void>
  /** Only plan. */
  dry_run?: boolean
  /** A machine's state while it runs, e.g. `stopping`. */
  transition?: string
}
