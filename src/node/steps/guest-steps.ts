import { inspectMachine, loadMachine } from '../machines/receive.ts'
import { streamMachine } from '../machines/send.ts'
import { prepareGuest, refreshGuest } from '../machines/guest-tree.ts'
import { awaitProvisioned } from '../machines/await-provisioned.ts'
import { undoNothing, type ExecutorTable } from './executor.ts'

/** What is done to a guest's own files, and what is heard from it. */
export const guestSteps: ExecutorTable<
  'guest.prepare' | 'guest.refresh' | 'guest.await' | 'machine.archive' | 'machine.stream' | 'machine.load' | 'machine.inspect'
> = {
  // Undone with the clone it writes to.
  'guest.prepare': { run: (step, _context, parts) => prepareGuest(step, parts), undo: undoNothing },
  'guest.refresh': { run: (step, context, parts) => refreshGuest(step, context, parts), undo: undoNothing },
  'guest.await': { run: ({ uuid, timeout_s }, context, parts) => awaitProvisioned(uuid, timeout_s, context, parts), undo: undoNothing },
  'machine.archive': {
    async run({ uuid }, context, parts) {
      const { archiveMachine } = await import('../machines/archive.ts')
      await archiveMachine(uuid, context, parts)
    },
    undo: undoNothing,
  },
  'machine.stream': { run: (step, context, parts) => streamMachine(step, context, parts), undo: undoNothing },
  'machine.inspect': { run: ({ uuid }, _context, parts) => inspectMachine(uuid, parts), undo: undoNothing },
  'machine.load': {
    run: (step, context, parts) => loadMachine(step, context, parts),
    undo: ({ uuid }, context, { host }) => host.storage.destroy(uuid, context),
  },
}
