import type { Readable } from 'node:stream'
import { AppError } from '#contracts/errors.ts'
import type { Context } from '../context.ts'
import { checkDatasetName, checkQuota, checkSnapshotName, parentOf, renderSnapshotName } from '../pool/name.ts'
import { datasetExists, datasetNotFound, hasClones, held, snapshotExists, snapshotNotFound } from '../pool/refusals.ts'
import type { DatasetOptions, SnapshotName } from '../storage.ts'
import {
  renderClone,
  renderCreate,
  renderDestroy,
  renderHold,
  renderHolds,
  renderMount,
  renderProperties,
  renderReceive,
  renderRelease,
  renderRename,
  renderRollback,
  renderSet,
  renderSnapshot,
} from './argv.ts'
import { asZfsFailure, failureText } from './failures.ts'
import { parseHolds, type ZfsSnapshot } from './parse.ts'
import { fullName, orMissing, readDataset, readSnapshots, runZfs, type ZfsPool } from './read.ts'

export async function createDataset(pool: ZfsPool, dataset: string, options: DatasetOptions, context: Context): Promise<void> {
  checkQuota(options.quota_bytes)
  await withParents(pool, dataset, context, async () => {
    await runZfs(pool, renderCreate(fullName(pool, dataset), renderProperties(options)), `The dataset ${dataset}`, context)
  })
}

export async function cloneDataset(pool: ZfsPool, origin: SnapshotName, to: { dataset: string; options: DatasetOptions }, context: Context): Promise<void> {
  checkQuota(to.options.quota_bytes)
  await requireSnapshot(pool, origin, context)
  await withParents(pool, to.dataset, context, async () => {
    const argv = renderClone(`${fullName(pool, origin.dataset)}@${origin.snapshot}`, fullName(pool, to.dataset), renderProperties(to.options))
    await runZfs(pool, argv, `The dataset ${to.dataset}`, context)
  })
}

/** Refuses a taken name, makes the missing datasets in between (not the topmost), and takes them back when `make` fails. */
async function withParents(pool: ZfsPool, dataset: string, context: Context, make: () => Promise<void>): Promise<void> {
  checkDatasetName(dataset)
  if ((await readDataset(pool, dataset, context)) !== null) throw datasetExists(dataset)
  const made = await ensureParents(pool, dataset, context)
  try {
    await make()
  } catch (error) {
    if (made !== null)
      await runZfs(pool, renderDestroy(fullName(pool, made), { recursive: true }), `The dataset ${made}`, { ...context, signal: new AbortController().signal })
    throw error
  }
}

async function ensureParents(pool: ZfsPool, dataset: string, context: Context): Promise<string | null> {
  const parent = parentOf(dataset)
  if (parent === null || (await readDataset(pool, parent, context)) !== null) return null
  if (parentOf(parent) === null) throw datasetNotFound(parent)
  const above = await ensureParents(pool, parent, context)
  await runZfs(pool, renderCreate(fullName(pool, parent), []), `The dataset ${parent}`, context)
  return above ?? parent
}

/** `zfs destroy -r` is not atomic, so what would stop it half-way is looked for first. */
export async function destroyDataset(pool: ZfsPool, dataset: string, context: Context): Promise<void> {
  checkDatasetName(dataset)
  const snapshots = await orMissing(readSnapshots(pool, dataset, { own: false }, context))
  if (snapshots === null) return
  for (const snapshot of snapshots) await refuseProtected(pool, snapshot, dataset, context)
  await orMissing(runZfs(pool, renderDestroy(fullName(pool, dataset), { recursive: true }), `The dataset ${dataset}`, context))
}

/** `within`: clones below this dataset go with it. */
async function refuseProtected(pool: ZfsPool, snapshot: ZfsSnapshot, within: string | null, context: Context): Promise<void> {
  if (snapshot.holds > 0) throw held(snapshot, await listHolds(pool, snapshot, context))
  const clones = snapshot.clones.filter((clone) => within === null || (clone !== within && !clone.startsWith(`${within}/`)))
  if (clones.length > 0) throw hasClones(`The snapshot ${renderSnapshotName(snapshot)}`, clones)
}

export async function renameDataset(pool: ZfsPool, from: string, to: string, context: Context): Promise<void> {
  await requireDataset(pool, from, context)
  await withParents(pool, to, context, async () => {
    await runZfs(pool, renderRename(fullName(pool, from), fullName(pool, to)), `The dataset ${from}`, context)
  })
}

export async function setProperties(pool: ZfsPool, dataset: string, options: DatasetOptions, context: Context): Promise<void> {
  checkDatasetName(dataset)
  checkQuota(options.quota_bytes)
  const properties = renderProperties(options)
  if (properties.length === 0) return await requireDataset(pool, dataset, context)
  await runZfs(pool, renderSet(fullName(pool, dataset), properties), `The dataset ${dataset}`, context)
}

export async function createSnapshot(pool: ZfsPool, name: SnapshotName, context: Context): Promise<void> {
  checkSnapshotName(name)
  if ((await findSnapshot(pool, name, context)) !== undefined) throw snapshotExists(name)
  await runZfs(pool, renderSnapshot(fullSnapshot(pool, name)), `The snapshot ${renderSnapshotName(name)}`, context)
}

export async function rollbackDataset(pool: ZfsPool, name: SnapshotName, context: Context): Promise<void> {
  checkSnapshotName(name)
  const all = await readSnapshots(pool, name.dataset, { own: true }, context)
  const at = all.findIndex(({ snapshot }) => snapshot === name.snapshot)
  if (at < 0) throw snapshotNotFound(name)
  for (const newer of all.slice(0, at)) await refuseProtected(pool, newer, null, context)
  await runZfs(pool, renderRollback(fullSnapshot(pool, name)), `The dataset ${name.dataset}`, context)
}

export async function destroySnapshot(pool: ZfsPool, name: SnapshotName, context: Context): Promise<void> {
  checkSnapshotName(name)
  const found = await orMissing(findSnapshot(pool, name, context))
  if (found === null || found === undefined) return
  await refuseProtected(pool, found, null, context)
  await runZfs(pool, renderDestroy(fullSnapshot(pool, name), { recursive: false }), `The snapshot ${renderSnapshotName(name)}`, context)
}

export async function holdSnapshot(pool: ZfsPool, name: SnapshotName, tag: string, context: Context): Promise<void> {
  await requireSnapshot(pool, name, context)
  await ignoring(/tag already exists/, runZfs(pool, renderHold(fullSnapshot(pool, name), tag), `The snapshot ${renderSnapshotName(name)}`, context))
}

export async function releaseSnapshot(pool: ZfsPool, name: SnapshotName, tag: string, context: Context): Promise<void> {
  checkSnapshotName(name)
  const released = runZfs(pool, renderRelease(fullSnapshot(pool, name), tag), `The snapshot ${renderSnapshotName(name)}`, context)
  await orMissing(ignoring(/no such tag/, released))
}

export async function listHolds(pool: ZfsPool, name: SnapshotName, context: Context): Promise<string[]> {
  await requireSnapshot(pool, name, context)
  return parseHolds(await runZfs(pool, renderHolds(fullSnapshot(pool, name)), `The snapshot ${renderSnapshotName(name)}`, context))
}

/** An incremental stream needs its base to be the newest snapshot of a dataset that was not written to since. */
export async function receiveDataset(pool: ZfsPool, dataset: string, input: Readable, context: Context): Promise<void> {
  checkDatasetName(dataset)
  const existed = (await readDataset(pool, dataset, context)) !== null
  try {
    await pool.runner.sink(renderReceive(fullName(pool, dataset)), input, context)
    if (!existed) await pool.runner.run(renderMount(fullName(pool, dataset)), [0], context)
  } catch (error) {
    // zfs takes a broken receive back by itself; a dataset that came whole but could not be mounted goes too.
    if (!existed)
      await orMissing(
        runZfs(pool, renderDestroy(fullName(pool, dataset), { recursive: true }), `The dataset ${dataset}`, {
          ...context,
          signal: new AbortController().signal,
        }),
      )
    throw asZfsFailure(error, `The dataset ${dataset}`)
  } finally {
    input.destroy()
  }
}

export async function requireSnapshot(pool: ZfsPool, name: SnapshotName, context: Context): Promise<void> {
  checkSnapshotName(name)
  const found = await orMissing(findSnapshot(pool, name, context))
  if (found === null || found === undefined) throw snapshotNotFound(name)
}

async function requireDataset(pool: ZfsPool, dataset: string, context: Context): Promise<void> {
  checkDatasetName(dataset)
  if ((await readDataset(pool, dataset, context)) === null) throw datasetNotFound(dataset)
}

async function findSnapshot(pool: ZfsPool, name: SnapshotName, context: Context): Promise<ZfsSnapshot | undefined> {
  const all = await readSnapshots(pool, name.dataset, { own: true }, context)
  return all.find(({ snapshot }) => snapshot === name.snapshot)
}

export function fullSnapshot(pool: ZfsPool, name: SnapshotName): string {
  return `${fullName(pool, name.dataset)}@${name.snapshot}`
}

async function ignoring(pattern: RegExp, answer: Promise<unknown>): Promise<void> {
  try {
    await answer
  } catch (error) {
    if (!pattern.test(failureText(error) ?? (error instanceof AppError ? failureText(error.cause) : null) ?? '')) throw error
  }
}
