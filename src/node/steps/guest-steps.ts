import { prepareGuest, refreshGuest } from '../machines/guest-tree.ts'
import { awaitProvisioned } from '../machines/await-provisioned.ts'
import { undoNothing, type ExecutorTable } from './execute.ts'

/** What is done to a guest's own files, and what is heard from it. */
export const guestSteps: ExecutorTable<'guest.prepare' | 'guest.refresh' | 'guest.await' | 'machine.archive'> = {
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
}
