import { mkdir, rename, rm, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isAppError } from '#contracts/errors.ts'
import type { Context } from '../context.ts'
import { checkSnapshotName } from '../pool/name.ts'
import { held, snapshotExists, snapshotNotFound } from '../pool/refusals.ts'
import type { DatasetSnapshot, SnapshotName } from '../storage.ts'
import type { GroupId } from './argv.ts'
import { requireDataset, requireFacts } from './datasets.ts'
import { readGroups } from './groups.ts'
import { holdsDirectory, pathOf, rollbackDirectory, snapshotDirectory, snapshotPath, snapshotsDirectory } from './layout.ts'
import { type BtrfsPool, readPoolFacts, runSteps, settleQuota, undoContext } from './pool.ts'
import { renderEnsureDirectory, renderFreeze, renderMakeDirectory, renderRemove, renderSnapshot, renderSync } from './steps.ts'
import { deleteSubvolumes, withoutLimits } from './subvolumes.ts'
import { ignoreMissing, isSubvolume, readFacts, readHoldTags, readSnapshotNames, walkAllFacts } from './tree.ts'

export async function createSnapshot(pool: BtrfsPool, name: SnapshotName, context: Context): Promise<void> {
  checkSnapshotName(name)
  const { group } = await requireFacts(pool, name.dataset)
  const path = snapshotPath(pool, name)
  if (await isSubvolume(path)) throw snapshotExists(name)
  const directory = snapshotDirectory(pool, name)
  const steps = [
    renderEnsureDirectory(snapshotsDirectory(pool, name.dataset)),
    // What a killed snapshot left is made anew, because its birth time is the snapshot's.
    renderRemove(directory),
    renderMakeDirectory(directory),
    renderFreeze(pathOf(pool, name.dataset), path, group),
  ]
  try {
    await runSteps(pool, steps, `the snapshot ${name.dataset}@${name.snapshot}`, context)
    await settleQuota(pool, context)
  } catch (error) {
    await removeSnapshot(pool, name, undoContext(context))
    throw error
  }
}

/** Newest first. Simple quotas bill data to who wrote it, never to a snapshot: used_bytes is 0 with them. */
export async function listSnapshots(pool: BtrfsPool, dataset: string, context: Context): Promise<DatasetSnapshot[]> {
  await requireDataset(pool, dataset)
  const names = await readSnapshotNames(pool, dataset)
  return await dateSnapshots(pool, dataset, names, await readUsedByPath(pool, names.length, context))
}

/** No process with simple quotas, one with classic ones. */
export async function listAllSnapshots(pool: BtrfsPool, context: Context): Promise<Map<string, DatasetSnapshot[]>> {
  const datasets = (await walkAllFacts(pool)).map(([dataset]) => dataset)
  const names = await Promise.all(datasets.map((dataset) => readSnapshotNames(pool, dataset)))
  const used = await readUsedByPath(pool, names.flat().length, context)
  const lists = await Promise.all(datasets.map((dataset, index) => dateSnapshots(pool, dataset, names[index] ?? [], used)))
  return new Map(datasets.map((dataset, index) => [dataset, lists[index] ?? []] as const).filter(([, list]) => list.length > 0))
}

async function dateSnapshots(pool: BtrfsPool, dataset: string, names: readonly string[], used: ReadonlyMap<string, number>): Promise<DatasetSnapshot[]> {
  const dated = await Promise.all(
    names.map(async (snapshot) => {
      // Between the listing and here it may go: what a killed daemon had begun to delete, its helper ends.
      const status = await stat(snapshotDirectory(pool, { dataset, snapshot }), { bigint: true }).catch(ignoreMissing)
      if (status === null) return []
      const used_bytes = used.get(snapshotPath(pool, { dataset, snapshot })) ?? 0
      return [{ birthtimeNs: status.birthtimeNs, entry: { name: snapshot, created_at: status.birthtime.toISOString(), used_bytes } }]
    }),
  )
  return dated
    .flat()
    .toSorted((a, b) => (a.birthtimeNs < b.birthtimeNs ? 1 : -1))
    .map(({ entry }) => entry)
}

async function readUsedByPath(pool: BtrfsPool, snapshots: number, context: Context): Promise<Map<string, number>> {
  if (snapshots === 0 || (await readPoolFacts(pool)).mode !== 'classic') return new Map()
  const rows = await readGroups(pool, context)
  return new Map(rows.filter((row) => row.group.level === 0).map((row) => [join(pool.mountpoint, row.path), row.exclusive_bytes]))
}

/**
 * Puts a writable copy of the snapshot in the dataset's place. Killed after the first rename, `recoverRollback` ends
 * it; killed before, it unwinds it. Newer snapshots go last: a repeated rollback finds and removes them.
 */
export async function rollbackDataset(pool: BtrfsPool, name: SnapshotName, context: Context): Promise<void> {
  await requireSnapshot(pool, name)
  const all = (await listSnapshots(pool, name.dataset, context)).map((snapshot) => snapshot.name)
  const newer = all.slice(0, all.indexOf(name.snapshot)).map((snapshot) => ({ ...name, snapshot }))
  for (const snapshot of newer) await refuseHeld(pool, snapshot)
  await recoverRollback(pool, name.dataset, context)
  const group = (await readFacts(pool, name.dataset))?.group ?? null
  const directory = rollbackDirectory(pool, name.dataset)
  const steps = [renderMakeDirectory(directory), renderSnapshot(snapshotPath(pool, name), join(directory, 'new'), group)]
  try {
    // A full dataset is a reason to roll back: the few blocks of the copy must not be refused.
    await withoutLimitsIfFull(pool, group, context, async () => await runSteps(pool, steps, `rolling back ${name.dataset}`, context))
    await rename(pathOf(pool, name.dataset), join(directory, 'old'))
  } catch (error) {
    await recoverRollback(pool, name.dataset, undoContext(context))
    throw error
  }
  // From here on it only goes forward, cancelled or not.
  await recoverRollback(pool, name.dataset, undoContext(context))
  for (const snapshot of newer) await removeSnapshot(pool, snapshot, undoContext(context))
  await settleQuota(pool, undoContext(context))
  // Else what was rolled back counts against the quota until the kernel's next commit, 30 s.
  await runSteps(pool, [renderSync()], `rolling back ${name.dataset}`, undoContext(context))
}

async function withoutLimitsIfFull(pool: BtrfsPool, group: GroupId | null, context: Context, action: () => Promise<void>): Promise<void> {
  try {
    await action()
  } catch (error) {
    if (group === null || !isAppError(error, 'NoSpace')) throw error
    await withoutLimits(pool, [group], context, action)
  }
}

/** Ends or unwinds a rollback that was killed. Nothing to do is fine. */
export async function recoverRollback(pool: BtrfsPool, dataset: string, context: Context): Promise<void> {
  const directory = rollbackDirectory(pool, dataset)
  const [fresh, old] = [join(directory, 'new'), join(directory, 'old')]
  if ((await isSubvolume(old)) && !(await isSubvolume(pathOf(pool, dataset)))) await rename(fresh, pathOf(pool, dataset))
  const group = (await readFacts(pool, dataset))?.group ?? null
  await deleteSubvolumes(pool, { what: `rolling back ${dataset}`, paths: [fresh, old], directory, groups: group === null ? [] : [group] }, context)
}

export async function destroySnapshot(pool: BtrfsPool, name: SnapshotName, context: Context): Promise<void> {
  checkSnapshotName(name)
  await refuseHeld(pool, name)
  await removeSnapshot(pool, name, context)
}

export async function removeSnapshot(pool: BtrfsPool, name: SnapshotName, context: Context): Promise<void> {
  const [directory, paths] = [snapshotDirectory(pool, name), [snapshotPath(pool, name)]]
  await deleteSubvolumes(pool, { what: `destroying ${name.dataset}@${name.snapshot}`, paths, directory, groups: [] }, context)
}

export async function holdSnapshot(pool: BtrfsPool, name: SnapshotName, tag: string): Promise<void> {
  await requireSnapshot(pool, name)
  await mkdir(join(holdsDirectory(pool, name), encodeURIComponent(tag)), { recursive: true, mode: 0o700 })
}

export async function releaseSnapshot(pool: BtrfsPool, name: SnapshotName, tag: string): Promise<void> {
  checkSnapshotName(name)
  await rm(join(holdsDirectory(pool, name), encodeURIComponent(tag)), { recursive: true, force: true })
  // Fails while other tags are there.
  await rmdir(holdsDirectory(pool, name)).catch(() => {})
}

export async function listHolds(pool: BtrfsPool, name: SnapshotName): Promise<string[]> {
  await requireSnapshot(pool, name)
  return await readHoldTags(pool, name)
}

export async function requireSnapshot(pool: BtrfsPool, name: SnapshotName): Promise<void> {
  checkSnapshotName(name)
  if (!(await isSubvolume(snapshotPath(pool, name)))) throw snapshotNotFound(name)
}

async function refuseHeld(pool: BtrfsPool, name: SnapshotName): Promise<void> {
  const tags = await readHoldTags(pool, name)
  if (tags.length > 0) throw held(name, tags)
}
