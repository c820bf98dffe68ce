import type { Machine } from './record.ts'

/** One difference between two states of a machine (vmadm(8) events). */
export interface MachineChange {
  /** Dotted path for people, e.g. `nics.0.ip`. */
  prettyPath: string
  path: (string | number)[]
  action: 'added' | 'removed' | 'changed'
  oldValue?: unknown
  newValue?: unknown
}

/** A line of `GET /events`. `seq` grows by one an event and survives restarts of the daemon. */
export type MachineEvent =
  | { type: 'ready'; seq: number; date: string; vms: Record<string, Machine> }
  | { type: 'create' | 'modify' | 'delete'; seq: number; date: string; zonename: string; uuid: string; vm: Machine; changes: MachineChange[] }
