import { AppError } from '#contracts/errors.ts'
import type { SnapshotName } from '../storage.ts'

// A component begins with a letter or digit, so no name is `.`, `..` or one of the drivers' own dot files.
const datasetPattern = /^[A-Za-z0-9][A-Za-z0-9_.:-]*(\/[A-Za-z0-9][A-Za-z0-9_.:-]*)*$/
const snapshotPattern = /^[A-Za-z0-9][A-Za-z0-9_.:%-]*$/

/** Refuses (InvalidPayload) what is not a name of a dataset below the pool: components of ZFS's letters, no `..`, at most 8 deep. */
export function checkDatasetName(dataset: string): void {
  const parts = dataset.split('/')
  if (datasetPattern.test(dataset) && parts.length <= 8 && parts.every((part) => part.length <= 200)) return
  throw new AppError('InvalidPayload', `"${dataset.slice(0, 80)}" is not a name of a dataset.`, {
    hint: 'use letters, digits and _ . : - in parts joined by /',
  })
}

/** Refuses (InvalidPayload) what cannot name a snapshot. */
export function checkSnapshotName(name: SnapshotName): void {
  checkDatasetName(name.dataset)
  if (snapshotPattern.test(name.snapshot) && name.snapshot.length <= 200) return
  throw new AppError('InvalidPayload', `"${name.snapshot.slice(0, 80)}" is not a name of a snapshot.`, { hint: 'use letters, digits and _ . : % -' })
}

export function renderSnapshotName(name: SnapshotName): string {
  return `${name.dataset}@${name.snapshot}`
}

/** `a/b@c` → its parts; null when it is not of that form. */
export function parseSnapshotName(text: string): SnapshotName | null {
  const at = text.indexOf('@')
  return at <= 0 ? null : { dataset: text.slice(0, at), snapshot: text.slice(at + 1) }
}

/** Name of the dataset above; null at the top. */
export function parentOf(dataset: string): string | null {
  const slash = dataset.lastIndexOf('/')
  return slash < 0 ? null : dataset.slice(0, slash)
}

/** 1 for `U`, 2 for `U/data`. */
export function depthOf(dataset: string): number {
  return dataset.split('/').length
}

/** `name` with `from` at its head replaced by `to`; null when it is neither `from` nor below it. */
export function renameBelow(name: string, from: string, to: string): string | null {
  if (name === from) return to
  return name.startsWith(`${from}/`) ? to + name.slice(from.length) : null
}

/** Refuses (InvalidPayload) a quota that is not a whole number of bytes above 0; null lifts the quota and is fine. */
export function checkQuota(bytes: number | null | undefined): void {
  if (bytes === null || bytes === undefined || (Number.isSafeInteger(bytes) && bytes > 0)) return
  throw new AppError('InvalidPayload', `A quota of ${bytes} bytes is not possible.`, { hint: 'give a whole number above 0, or null for none' })
}
