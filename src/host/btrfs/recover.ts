import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from '../context.ts'
import { removeRemains } from './datasets.ts'
import { sweepGroups } from './groups.ts'
import { directoryOf, pathOf, snapshotPath, snapshotsDirectory } from './layout.ts'
import type { BtrfsPool } from './pool.ts'
import { recoverRenames } from './rename.ts'
import { recoverRollback } from './snapshots.ts'
import { clearReceiving } from './stream.ts'
import { recoverLimits } from './subvolumes.ts'
import { isSubvolume, readNames, walkAllFacts } from './tree.ts'

/** Ends or unwinds all that a killed daemon left half-done. Called once, before the pool is used. */
export async function recoverPool(pool: BtrfsPool, context: Context): Promise<void> {
  await recoverLimits(pool, context)
  await recoverRenames(pool, context)
  for (const [dataset] of await walkAllFacts(pool)) await recoverDataset(pool, dataset, context)
  await sweepGroups(pool, context)
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
