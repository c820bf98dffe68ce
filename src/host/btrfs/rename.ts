import { lstat, rename, rm, rmdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import type { Context } from '../context.ts'
import { checkDatasetName, depthOf, renameBelow, renderSnapshotName } from '../pool/name.ts'
import { ensureGroupParent } from './groups.ts'
import { ensureParents, refuseTaken, requireDataset } from './datasets.ts'
import { createIntent, readIntents } from './intents.ts'
import { directoryOf, pathOf } from './layout.ts'
import { type BtrfsPool, undoContext } from './pool.ts'
import { ignoreMissing, walkAllFacts, walkFacts } from './tree.ts'

/**
 * Several names change together, so the intent is noted first, as the name of a directory; `recoverRenames` ends what
 * was killed. A quota group's level is its dataset's depth: moving to another depth is NotSupported.
 */
export async function renameDataset(pool: BtrfsPool, from: string, to: string, context: Context): Promise<void> {
  checkDatasetName(to)
  await requireDataset(pool, from)
  if (depthOf(from) !== depthOf(to)) {
    throw new AppError('NotSupported', `The dataset ${from} cannot become ${to}: on btrfs a dataset stays at its depth.`)
  }
  await refuseTaken(pool, to, context)
  await ensureParents(pool, to, context)
  const intent = await createIntent(pool, [from, to])
  // From here on it only goes forward.
  await finishRename(pool, from, to, undoContext(context))
  await rmdir(intent)
}

export async function recoverRenames(pool: BtrfsPool, context: Context): Promise<void> {
  for (const [path, words] of await readIntents(pool)) {
    const [from, to] = words
    if (words.length !== 2 || from === undefined || to === undefined) continue
    await finishRename(pool, from, to, context)
    await rm(path, { recursive: true, force: true })
  }
}

async function finishRename(pool: BtrfsPool, from: string, to: string, context: Context): Promise<void> {
  await moveOnce(pathOf(pool, from), pathOf(pool, to), depthOf(from) > 1)
  await moveOnce(directoryOf(pool, from), directoryOf(pool, to), false)
  await ensureGroupParent(pool, from, to, context)
  await renameOrigins(pool, from, to)
}

/** `skip`: a nested dataset's subvolume lies in its directory and moves with it. */
async function moveOnce(from: string, to: string, skip: boolean): Promise<void> {
  if (skip || (await lstat(from).catch(ignoreMissing)) === null || (await lstat(to).catch(ignoreMissing)) !== null) return
  await rename(from, to)
}

/** Only a dataset with snapshots has clones whose origin it is; without any, the pool need not be walked. */
async function renameOrigins(pool: BtrfsPool, from: string, to: string): Promise<void> {
  if ((await walkFacts(pool, to)).every(([, facts]) => !facts.parts.has('.snapshots'))) return
  for (const [dataset, facts] of await walkAllFacts(pool)) {
    const renamed = facts.origin === null ? null : renameBelow(facts.origin.dataset, from, to)
    if (facts.origin === null || renamed === null) continue
    await replaceLink(join(directoryOf(pool, dataset), '.origin'), renderSnapshotName({ ...facts.origin, dataset: renamed }))
  }
}

async function replaceLink(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`
  await rm(temporary, { force: true })
  await symlink(text, temporary)
  await rename(temporary, path)
}
