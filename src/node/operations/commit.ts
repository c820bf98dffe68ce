import type { Parts } from '../parts.ts'
import type { Commit } from '../steps/step.ts'

/** Whether the state on disk says that the operation has passed its point of no return. */
export function isCommitted(commit: Commit, parts: Pick<Parts, 'machines' | 'images'>): boolean {
  switch (commit.when) {
    case 'never':
      return false
    case 'always':
      return true
    case 'record_written':
      // A later operation may have written since; revisions only grow.
      return (parts.machines.get(commit.uuid)?.internal.revision ?? 0) >= commit.revision
    case 'record_removed':
      return parts.machines.get(commit.uuid) === undefined
    case 'image_written':
      return parts.images.get(commit.uuid) !== undefined
    case 'image_removed':
      return parts.images.get(commit.uuid) === undefined
  }
}
