import type { MachineRecord } from '#contracts/machine/record.ts'
import type { Request } from '../operations/request.ts'
import type { Parts } from '../parts.ts'
import type { Plan, Step } from '../steps/step.ts'
import { about, assertUnprotected, current } from './lifecycle.ts'

/** The name a deleted machine's dataset has until it is gone; a machine is whole or absent, never half. */
export function trashName(uuid: string): string {
  return `${uuid}-deleted`
}

export function deleteMachineRequest(uuid: string, options: { dry_run: boolean }, parts: Parts): Request {
  return { ...about(uuid, 'machine.delete', parts), dry_run: options.dry_run, plan: () => planDelete(current(uuid, parts), parts) }
}

function planDelete(record: MachineRecord, parts: Parts): Plan {
  const { uuid } = record
  assertUnprotected('delete', record)
  const archive: Step[] = record.archive_on_delete === true ? [{ kind: 'machine.archive', uuid }] : []
  const undoable: Step[] = [
    { kind: 'zone.halt', uuid, was_running: parts.live.isRunning(uuid) },
    ...archive,
    { kind: 'dataset.rename', from: uuid, to: trashName(uuid) },
    { kind: 'record.remove', record },
  ]
  return {
    steps: [...undoable, { kind: 'dataset.destroy', dataset: trashName(uuid) }],
    commit: { when: 'record_removed', uuid },
    finish_from: undoable.length,
    durable: true,
    warnings: [],
  }
}
