import { AppError } from '#contracts/errors.ts'
import { renderSnapshotName } from './name.ts'
import type { SnapshotName } from '../storage.ts'

/** The refusals that all drivers share, so that they read the same whatever lies below. */

export function datasetExists(dataset: string): AppError {
  return new AppError('DatasetExists', `The dataset ${dataset} is on the pool already.`)
}

export function datasetNotFound(dataset: string): AppError {
  return new AppError('DatasetNotFound', `The pool has no dataset ${dataset}.`)
}

export function snapshotExists(name: SnapshotName): AppError {
  return new AppError('SnapshotExists', `The snapshot ${renderSnapshotName(name)} is there already.`)
}

export function snapshotNotFound(name: SnapshotName): AppError {
  return new AppError('SnapshotNotFound', `There is no snapshot ${renderSnapshotName(name)}.`)
}

export function held(name: SnapshotName, tags: readonly string[]): AppError {
  return new AppError('Indestructible', `The snapshot ${renderSnapshotName(name)} is held (${tags.join(', ')}) and cannot be destroyed.`, {
    hint: 'release its holds first',
  })
}

export function hasClones(what: string, clones: readonly string[]): AppError {
  return new AppError('Busy', `${what} cannot be destroyed: ${clones.join(', ')} is a clone of it.`, { hint: 'destroy the clones first' })
}

export function noSpace(what: string, cause: unknown): AppError {
  return new AppError('NoSpace', `No space left on the pool, or within the quota, for ${what}.`, { cause })
}
