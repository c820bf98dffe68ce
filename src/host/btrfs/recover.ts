import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from '../context.ts'
import { listDirectory } from '../fs/atomic.ts'
import { removeRemains } from './datasets.ts'
import { directoryOf, pathOf, snapshotPath, snapshotsDirectory } from './layout.ts'
import type { BtrfsPool } from './pool.ts'
import { recoverRenames } from './rename.ts'
import { recoverRollback } from './snapshots.ts'
import { clearReceiving } from './stream.ts'
import { recoverLimits } from './subvolumes.ts'
import { isSubvolume, readNames, walkAllFacts } from './tree.ts'

/** Ends or unwinds all that a killed daemon left half-done. Called once, before the pool is used. No process when there is nothing to do. */
export async function recoverPool(pool: BtrfsPool, context: Context): Promise<void> {
  await recoverLimits(pool, context)
  await recoverRenames(pool, context)
  // Children before parents, so that what is removed of a parent finds nothing half-done below it.
  const datasets = (await walkAllFacts(pool)).map(([dataset]) => dataset).toReversed()
  for (const dataset of datasets) if (await needsRecovery(pool, dataset)) await recoverDataset(pool, dataset, context)
}

/** Looks only, so that opening a healthy pool of a thousand datasets is quick. */
async function needsRecovery(pool: BtrfsPool, dataset: string): Promise<boolean> {
  const [top, shots] = await Promise.all([listDirectory(directoryOf(pool, dataset)), listDirectory(snapshotsDirectory(pool, dataset))])
  if (top.includes('.rollback') || top.includes('.origin.new') || shots.includes('.receiving')) return true
  const paths = [pathOf(pool, dataset), ...shots.map((snapshot) => snapshotPath(pool, { dataset, snapshot }))]
  return (await Promise.all(paths.map(isSubvolume))).includes(false)
}

async function recoverDataset(pool: BtrfsPool, dataset: string, context: Context): Promise<void> {
  // Before anything else: it may bring the dataset's own subvolume back.
  await recoverRollback(pool, dataset, context)
  if (!(await isSubvolume(pathOf(pool, dataset)))) return await removeRemains(pool, dataset, context)
  await clearReceiving(pool, dataset, context)
  await rm(join(directoryOf(pool, dataset), '.origin.new'), { force: true })
  for (const snapshot of await readNames(snapshotsDirectory(pool, dataset))) {
    if (await isSubvolume(snapshotPath(pool, { dataset, snapshot }))) continue
    await rm(join(snapshotsDirectory(pool, dataset), snapshot), { recursive: true, force: true })
  }
}
