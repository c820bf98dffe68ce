import { lstat, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from '../context.ts'
import { writeFileAtomic } from '../fs/atomic.ts'
import { checkDatasetName, checkQuota, checkSnapshotName, parentOf, renderSnapshotName } from '../pool/name.ts'
import { datasetExists, datasetNotFound, held, snapshotNotFound } from '../pool/refusals.ts'
import type { Dataset, DatasetOptions, SnapshotName } from '../storage.ts'
import { type GroupId, renderCompressionName, renderGroup } from './argv.ts'
import { asBtrfsFailure } from './failures.ts'
import { doomGroups, limitGroup, planGroup, readGroups } from './groups.ts'
import { directoryOf, pathOf, receivingDirectory, rollbackDirectory, snapshotPath, snapshotsDirectory } from './layout.ts'
import { type BtrfsPool, quotaOff, readPoolFacts, runSteps, settleQuota, undoContext } from './pool.ts'
import { renderCompress, renderCreate, renderLink, renderMakeDirectory, renderSnapshot, type Step } from './steps.ts'
import { deleteSubvolumes } from './subvolumes.ts'
import { type GroupUsage, readGroupUsage } from './sysfs.ts'
import { type Facts, ignoreMissing, isSubvolume, readFacts, readHoldTags, readNames, walkAllFacts, walkFacts } from './tree.ts'

export async function isDataset(pool: BtrfsPool, dataset: string): Promise<boolean> {
  return (await isSubvolume(pathOf(pool, dataset))) && (await readFacts(pool, dataset)) !== null
}

export async function readDataset(pool: BtrfsPool, dataset: string): Promise<Dataset | null> {
  const facts = await readFacts(pool, dataset)
  if (facts === null) return null
  const usage = facts.group === null ? null : await readGroupUsage((await readPoolFacts(pool)).sysfs, facts.group)
  return await composeDataset(pool, dataset, facts, usage)
}

/** One process whatever the number of datasets. */
export async function listDatasets(pool: BtrfsPool, context: Context): Promise<Dataset[]> {
  const [entries, rows] = await Promise.all([walkAllFacts(pool), readGroups(pool, context)])
  const usages = new Map(rows.map((row) => [renderGroup(row.group), { used_bytes: row.exclusive_bytes, quota_bytes: row.limit_bytes }]))
  const datasets = await Promise.all(
    entries.map(([name, facts]) => composeDataset(pool, name, facts, facts.group === null ? null : (usages.get(renderGroup(facts.group)) ?? null))),
  )
  return datasets.filter((dataset) => dataset !== null)
}

async function composeDataset(pool: BtrfsPool, name: string, facts: Facts, usage: GroupUsage | null): Promise<Dataset | null> {
  const mountpoint = pathOf(pool, name)
  const [is, directory] = await Promise.all([isSubvolume(mountpoint), stat(directoryOf(pool, name)).catch(ignoreMissing)])
  if (!is || directory === null) return null
  return {
    name,
    mountpoint,
    origin: facts.origin,
    used_bytes: usage?.used_bytes ?? 0,
    quota_bytes: usage?.quota_bytes ?? null,
    created_at: directory.birthtime.toISOString(),
  }
}

export async function createDataset(pool: BtrfsPool, dataset: string, options: DatasetOptions, context: Context): Promise<void> {
  await makeDataset(pool, { dataset, origin: null, options }, context, async (group, before) => {
    await runSteps(pool, [...before, renderCreate(pathOf(pool, dataset), group)], `the dataset ${dataset}`, context)
  })
}

export async function cloneDataset(pool: BtrfsPool, origin: SnapshotName, to: { dataset: string; options: DatasetOptions }, context: Context): Promise<void> {
  checkSnapshotName(origin)
  const from = snapshotPath(pool, origin)
  if (!(await isSubvolume(from))) throw snapshotNotFound(origin)
  await makeDataset(pool, { ...to, origin }, context, async (group, before) => {
    await runSteps(pool, [...before, renderSnapshot(from, pathOf(pool, to.dataset), group)], `the dataset ${to.dataset}`, context)
  })
}

export interface NewDataset {
  dataset: string
  origin: SnapshotName | null
  options: DatasetOptions
}

/** Makes the dataset's subvolume as a member of `group`, after having done the steps `before` of it: in one process where it can. */
export type Fill = (group: GroupId | null, before: readonly Step[]) => Promise<void>

/** Plans the directory and the group of a dataset, has `fill` make them and its subvolume, and takes all back when anything fails. */
export async function makeDataset(pool: BtrfsPool, wanted: NewDataset, context: Context, fill: Fill): Promise<void> {
  const { dataset, origin, options } = wanted
  checkQuota(options.quota_bytes)
  await refuseTaken(pool, dataset, context)
  const madeParent = await ensureParents(pool, dataset, context)
  const quota = options.quota_bytes ?? null
  const directory = directoryOf(pool, dataset)
  try {
    if (quota !== null && (await readPoolFacts(pool)).mode === 'off') throw quotaOff(pool)
    const { group, steps } = await planGroup(pool, dataset, quota)
    const link = origin === null ? [] : [renderLink(renderSnapshotName(origin), join(directory, '.origin'))]
    await fill(group, [renderMakeDirectory(directory), ...link, ...steps])
    await settleQuota(pool, context)
    await applyOptions(pool, dataset, options, context)
  } catch (error) {
    await removeRemains(pool, madeParent ?? dataset, undoContext(context))
    throw asBtrfsFailure(error, `the dataset ${dataset}`)
  }
}

/**
 * Makes the missing datasets between the topmost one, which must be there, and `dataset` (as `zfs create -p`). Gives
 * the first that was made, for undoing; null when all were there.
 */
export async function ensureParents(pool: BtrfsPool, dataset: string, context: Context): Promise<string | null> {
  const parent = parentOf(dataset)
  if (parent === null || (await isDataset(pool, parent))) return null
  if (parentOf(parent) === null) throw datasetNotFound(parent)
  const above = await ensureParents(pool, parent, context)
  await createDataset(pool, parent, {}, context)
  return above ?? parent
}

/** Refuses a name that is taken; clears what a killed create or destroy left of it. */
export async function refuseTaken(pool: BtrfsPool, dataset: string, context: Context): Promise<void> {
  checkDatasetName(dataset)
  // Anything at the path counts, a plain directory too: btrfs would make the new subvolume inside of it.
  if ((await lstat(pathOf(pool, dataset)).catch(ignoreMissing)) !== null) throw datasetExists(dataset)
  await removeRemains(pool, dataset, context)
}

export async function setQuota(pool: BtrfsPool, dataset: string, bytes: number | null, context: Context): Promise<void> {
  checkQuota(bytes)
  await requireDataset(pool, dataset)
  const group = (await readFacts(pool, dataset))?.group ?? null
  if (group !== null) return await limitGroup(pool, group, bytes, context)
  if (bytes !== null) throw quotaOff(pool)
}

export async function setOptions(pool: BtrfsPool, dataset: string, options: DatasetOptions, context: Context): Promise<void> {
  await requireDataset(pool, dataset)
  await applyOptions(pool, dataset, options, context)
}

/** Compression is a property of the top directory that new files and directories take over; recordsize is only noted. */
async function applyOptions(pool: BtrfsPool, dataset: string, options: DatasetOptions, context: Context): Promise<void> {
  const { compression, recordsize } = options
  if (compression !== undefined) {
    await runSteps(pool, [renderCompress(pathOf(pool, dataset), renderCompressionName(compression))], `the compression of ${dataset}`, context)
  }
  const note = join(directoryOf(pool, dataset), '.note.json')
  if (recordsize !== undefined) await writeFileAtomic(note, `${JSON.stringify({ v: 1, recordsize })}\n`)
}

export async function destroyDataset(pool: BtrfsPool, dataset: string, context: Context): Promise<void> {
  checkDatasetName(dataset)
  const entries = await walkFacts(pool, dataset)
  for (const [name, facts] of entries) if (facts.parts.has('.holds')) await refuseHeld(pool, name)
  await removeEntries(pool, dataset, entries, context)
}

async function refuseHeld(pool: BtrfsPool, dataset: string): Promise<void> {
  for (const snapshot of await readNames(join(directoryOf(pool, dataset), '.holds'))) {
    const tags = await readHoldTags(pool, { dataset, snapshot })
    if (tags.length > 0) throw held({ dataset, snapshot }, tags)
  }
}

/** Removes all that there is of a dataset and of those below it, whole or not. Safe to repeat. */
export async function removeRemains(pool: BtrfsPool, dataset: string, context: Context): Promise<void> {
  await removeEntries(pool, dataset, await walkFacts(pool, dataset), context)
}

async function removeEntries(pool: BtrfsPool, dataset: string, entries: readonly [string, Facts][], context: Context): Promise<void> {
  if (entries.length === 0) return
  const paths = (await Promise.all(entries.toReversed().map(([name, facts]) => listSubvolumePaths(pool, name, facts)))).flat()
  const groups = entries.map(([, facts]) => facts.group).filter((group) => group !== null)
  await deleteSubvolumes(pool, { what: `destroying ${dataset}`, paths, directory: directoryOf(pool, dataset), groups }, context)
  await doomGroups(pool, groups.length, context)
}

/** Where subvolumes of the dataset may be; those below it are not among them. */
async function listSubvolumePaths(pool: BtrfsPool, dataset: string, facts: Facts): Promise<string[]> {
  const directories = facts.parts.has('.snapshots') ? [snapshotsDirectory(pool, dataset), receivingDirectory(pool, dataset)] : []
  const [snapshots = [], received = []] = await Promise.all(directories.map(readNames))
  return [
    ...snapshots.map((snapshot) => snapshotPath(pool, { dataset, snapshot })),
    ...received.map((name) => join(receivingDirectory(pool, dataset), name)),
    ...(facts.parts.has('.rollback') ? ['new', 'old'] : []).map((name) => join(rollbackDirectory(pool, dataset), name)),
    pathOf(pool, dataset),
  ]
}

export async function requireDataset(pool: BtrfsPool, dataset: string): Promise<void> {
  await requireFacts(pool, dataset)
}

export async function requireFacts(pool: BtrfsPool, dataset: string): Promise<Facts> {
  checkDatasetName(dataset)
  const [is, facts] = await Promise.all([isSubvolume(pathOf(pool, dataset)), readFacts(pool, dataset)])
  if (!is || facts === null) throw datasetNotFound(dataset)
  return facts
}
