import type { Context } from '../context.ts'
import { checkDatasetName, checkQuota, checkSnapshotName, parentOf, renderSnapshotName } from '../pool/name.ts'
import { datasetExists, datasetNotFound, hasClones, held, snapshotNotFound } from '../pool/refusals.ts'
import type { DatasetOptions, SnapshotName } from '../storage.ts'
import {
  renderClone,
  renderCreate,
  renderDestroy,
  renderHold,
  renderHolds,
  renderMountAll,
  renderProperties,
  renderRelease,
  renderRename,
  renderRollback,
  renderSet,
  renderSnapshot,
} from './argv.ts'
import { changeZfs, destroyTree, ignoring, insist, says } from './insist.ts'
import { parseHolds, type ZfsSnapshot } from './parse.ts'
import { fullName, fullSnapshot, orMissing, readDataset, readSnapshots, runZfs, type ZfsPool } from './read.ts'

// A program's start is the dear part of a verb, so zfs is asked to do it at once, and only its refusal is looked into.

export async function createDataset(pool: ZfsPool, dataset: string, options: DatasetOptions, context: Context): Promise<void> {
  checkQuota(options.quota_bytes)
  checkDatasetName(dataset)
  await withParents(pool, dataset, context, async () => await createOne(pool, dataset, renderProperties(options), context))
}

/** One that was made but could not be mounted is taken back. */
async function createOne(pool: ZfsPool, dataset: string, properties: readonly string[], context: Context): Promise<void> {
  try {
    await changeZfs(pool, renderCreate(fullName(pool, dataset), properties), { dataset }, context)
  } catch (error) {
    await takeBackUnmounted(pool, dataset, error, context)
    throw error
  }
}

async function takeBackUnmounted(pool: ZfsPool, dataset: string, error: unknown, context: Context): Promise<void> {
  if (says(error, /successfully (created|cloned)/)) await destroyTree(pool, dataset, context)
}

export async function cloneDataset(pool: ZfsPool, origin: SnapshotName, to: { dataset: string; options: DatasetOptions }, context: Context): Promise<void> {
  const { dataset, options } = to
  checkQuota(options.quota_bytes)
  checkSnapshotName(origin)
  checkDatasetName(dataset)
  await withParents(pool, dataset, context, async () => {
    try {
      const argv = renderClone(fullSnapshot(pool, origin), fullName(pool, dataset), renderProperties(options))
      await changeZfs(pool, argv, { dataset, snapshot: origin }, context)
    } catch (error) {
      await takeBackUnmounted(pool, dataset, error, context)
      throw error
    }
  })
}

/** When zfs misses the dataset above, makes those in between (not the topmost), and takes them back when `make` fails again. */
async function withParents(pool: ZfsPool, dataset: string, context: Context, make: () => Promise<void>): Promise<void> {
  const parentless = await make().then(
    () => false,
    (error: unknown) => says(error, /parent does not exist/) || Promise.reject(error),
  )
  if (!parentless) return
  const made = await createParents(pool, dataset, context)
  try {
    await make()
  } catch (error) {
    await destroyTree(pool, made, context)
    throw error
  }
}

/** Gives the topmost that it made. */
async function createParents(pool: ZfsPool, dataset: string, context: Context): Promise<string> {
  const parent = parentOf(dataset) ?? dataset
  if (parentOf(parent) === null) throw datasetNotFound(parent)
  let topmost = parent
  await createOne(pool, parent, [], context).catch(async (error: unknown) => {
    if (!says(error, /parent does not exist/)) throw error
    topmost = await createParents(pool, parent, context)
    await createOne(pool, parent, [], context)
  })
  return topmost
}

/**
 * `zfs destroy -r` is not atomic (2.3 destroys datasets below one whose snapshot is held), so what would stop it
 * half-way is looked for first. A dataset that has nothing below it goes at once.
 */
export async function destroyDataset(pool: ZfsPool, dataset: string, context: Context): Promise<void> {
  checkDatasetName(dataset)
  const destroy = (recursive: boolean): Promise<unknown> =>
    insist(() => changeZfs(pool, renderDestroy(fullName(pool, dataset), { recursive }), { dataset }, context), context)
  const refused = await orMissing(destroy(false)).then(
    () => false,
    (error: unknown) => says(error, /has children|dependent clones/) || Promise.reject(error),
  )
  if (!refused) return
  const snapshots = await orMissing(readSnapshots(pool, dataset, { own: false }, context))
  for (const snapshot of snapshots ?? []) await refuseProtected(pool, snapshot, dataset, context)
  await orMissing(destroy(true))
}

/** `within`: clones below this dataset go with it. */
async function refuseProtected(pool: ZfsPool, snapshot: ZfsSnapshot, within: string | null, context: Context): Promise<void> {
  if (snapshot.holds > 0) throw held(snapshot, await listHolds(pool, snapshot, context))
  const clones = snapshot.clones.filter((clone) => within === null || (clone !== within && !clone.startsWith(`${within}/`)))
  if (clones.length > 0) throw hasClones(`The snapshot ${renderSnapshotName(snapshot)}`, clones)
}

export async function renameDataset(pool: ZfsPool, from: string, to: string, context: Context): Promise<void> {
  checkDatasetName(from)
  checkDatasetName(to)
  if (from === to) throw datasetExists(to)
  await withParents(pool, to, context, async () => {
    try {
      await insist(() => changeZfs(pool, renderRename(fullName(pool, from), fullName(pool, to)), { dataset: to }, context), context)
    } catch (error) {
      if (says(error, /cannot mount/)) await takeBackRename(pool, from, to, context)
      throw says(error, /cannot open/) ? datasetNotFound(from) : error
    }
  })
}

/** What was unmounted by the first rename is not mounted again by the second. */
async function takeBackRename(pool: ZfsPool, from: string, to: string, context: Context): Promise<void> {
  await changeZfs(pool, renderRename(fullName(pool, to), fullName(pool, from)), { dataset: to }, context)
  await changeZfs(pool, renderMountAll(fullName(pool, from)), { dataset: from }, context)
}

export async function setProperties(pool: ZfsPool, dataset: string, options: DatasetOptions, context: Context): Promise<void> {
  checkDatasetName(dataset)
  checkQuota(options.quota_bytes)
  const properties = renderProperties(options)
  if (properties.length > 0) await changeZfs(pool, renderSet(fullName(pool, dataset), properties), { dataset }, context)
  else if ((await readDataset(pool, dataset, context)) === null) throw datasetNotFound(dataset)
}

export async function createSnapshot(pool: ZfsPool, name: SnapshotName, context: Context): Promise<void> {
  checkSnapshotName(name)
  await changeZfs(pool, renderSnapshot(fullSnapshot(pool, name)), { dataset: name.dataset, snapshot: name }, context)
}

/** `zfs rollback -r` destroys the newer snapshots one by one, so what protects one of them is looked for first. */
export async function rollbackDataset(pool: ZfsPool, name: SnapshotName, context: Context): Promise<void> {
  checkSnapshotName(name)
  const roll = (newer: boolean): Promise<unknown> =>
    changeZfs(pool, renderRollback(fullSnapshot(pool, name), { newer }), { dataset: name.dataset, snapshot: name }, context)
  const refused = await roll(false).then(
    () => false,
    (error: unknown) => says(error, /more recent snapshots/) || Promise.reject(error),
  )
  if (!refused) return
  const all = await readSnapshots(pool, name.dataset, { own: true }, context)
  const at = all.findIndex(({ snapshot }) => snapshot === name.snapshot)
  if (at < 0) throw snapshotNotFound(name)
  for (const newer of all.slice(0, at)) await refuseProtected(pool, newer, null, context)
  await roll(true)
}

export async function destroySnapshot(pool: ZfsPool, name: SnapshotName, context: Context): Promise<void> {
  checkSnapshotName(name)
  const destroy = (): Promise<unknown> =>
    changeZfs(pool, renderDestroy(fullSnapshot(pool, name), { recursive: false }), { dataset: name.dataset, snapshot: name }, context)
  try {
    await orMissing(insist(destroy, context))
  } catch (error) {
    if (!says(error, /being held|dependent clones/)) throw error
    // Says who protects it; when they are gone meanwhile, zfs's refusal stands.
    const all = await readSnapshots(pool, name.dataset, { own: true }, context)
    for (const found of all.filter(({ snapshot }) => snapshot === name.snapshot)) await refuseProtected(pool, found, null, context)
    throw error
  }
}

export async function holdSnapshot(pool: ZfsPool, name: SnapshotName, tag: string, context: Context): Promise<void> {
  checkSnapshotName(name)
  const holding = changeZfs(pool, renderHold(fullSnapshot(pool, name), tag), { dataset: name.dataset, snapshot: name }, context)
  await ignoring(/tag already exists/, holding)
}

export async function releaseSnapshot(pool: ZfsPool, name: SnapshotName, tag: string, context: Context): Promise<void> {
  checkSnapshotName(name)
  const released = changeZfs(pool, renderRelease(fullSnapshot(pool, name), tag), { dataset: name.dataset, snapshot: name }, context)
  await orMissing(ignoring(/no such tag/, released))
}

export async function listHolds(pool: ZfsPool, name: SnapshotName, context: Context): Promise<string[]> {
  checkSnapshotName(name)
  return parseHolds(await runZfs(pool, renderHolds(fullSnapshot(pool, name)), { dataset: name.dataset, snapshot: name }, context))
}
