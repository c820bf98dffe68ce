import { isAppError } from '#contracts/errors.ts'
import type { Context } from '../context.ts'
import { parseSnapshotName } from '../pool/name.ts'
import type { Argv } from '../run/programs.ts'
import { commandFailed } from '../run/run.ts'
import type { Dataset, DatasetSnapshot, SnapshotName } from '../storage.ts'
import { renderListDatasets, renderListSnapshots } from './argv.ts'
import { asZfsFailure, type Subject } from './failures.ts'
import { decodeSnapshot, encodeSnapshot } from './snapshot-name.ts'
import { parseDatasets, parseSnapshots, type ZfsDataset, type ZfsSnapshot } from './parse.ts'
import type { ZfsRunner } from './runner.ts'

/** A pool as the verbs of the driver share it. */
export interface ZfsPool {
  name: string
  mountpoint: string
  runner: ZfsRunner
}

export function fullName(pool: ZfsPool, dataset: string): string {
  return `${pool.name}/${dataset}`
}

export function fullSnapshot(pool: ZfsPool, name: SnapshotName): string {
  return `${fullName(pool, name.dataset)}@${encodeSnapshot(name.snapshot)}`
}

/** Runs zfs and translates its known failures. */
export async function runZfs(pool: ZfsPool, argv: Argv, subject: Subject, context: Context): Promise<string> {
  try {
    const { stdout, stderr } = await pool.runner.run(argv, [0], context)
    // A rename whose dataset could not be mounted at its new place ends with 0.
    if (/^cannot mount /m.test(stderr)) throw commandFailed(argv, 0, null, stderr)
    return stdout
  } catch (error) {
    throw asZfsFailure(error, subject)
  }
}

/** null when there is none. */
export async function readDataset(pool: ZfsPool, dataset: string, context: Context): Promise<Dataset | null> {
  const text = await orMissing(runZfs(pool, renderListDatasets(fullName(pool, dataset), { recursive: false }), { dataset }, context))
  const found = text === null ? undefined : parseDatasets(text)[0]
  return found === undefined ? null : asDataset(pool, found)
}

export async function listDatasets(pool: ZfsPool, context: Context): Promise<Dataset[]> {
  const text = await runZfs(pool, renderListDatasets(pool.name, { recursive: true }), { dataset: pool.name }, context)
  return parseDatasets(text)
    .filter(({ name }) => name !== pool.name)
    .map((found) => asDataset(pool, found))
}

function asDataset(pool: ZfsPool, found: ZfsDataset): Dataset {
  const origin = found.origin === null ? null : decodeOrigin(shortName(pool, found.origin))
  return { ...found, name: shortName(pool, found.name), origin }
}

function decodeOrigin(text: string): SnapshotName | null {
  const name = parseSnapshotName(text)
  return name === null ? null : { ...name, snapshot: decodeSnapshot(name.snapshot) }
}

function shortName(pool: ZfsPool, name: string): string {
  return name.slice(pool.name.length + 1)
}

/** Newest first. DatasetNotFound when there is no dataset. `own: false` gives those of the datasets below too. */
export async function readSnapshots(pool: ZfsPool, dataset: string, options: { own: boolean }, context: Context): Promise<ZfsSnapshot[]> {
  const text = await runZfs(pool, renderListSnapshots(fullName(pool, dataset), options), { dataset }, context)
  return parseSnapshots(text).map((snapshot) => ({
    ...snapshot,
    dataset: shortName(pool, snapshot.dataset),
    snapshot: decodeSnapshot(snapshot.snapshot),
    clones: snapshot.clones.map((clone) => shortName(pool, clone)),
  }))
}

export async function readAllSnapshots(pool: ZfsPool, context: Context): Promise<Map<string, DatasetSnapshot[]>> {
  const text = await runZfs(pool, renderListSnapshots(pool.name, { own: false }), { dataset: pool.name }, context)
  const lists = new Map<string, DatasetSnapshot[]>()
  for (const found of parseSnapshots(text)) {
    const dataset = shortName(pool, found.dataset)
    lists.set(dataset, [...(lists.get(dataset) ?? []), asSnapshot({ ...found, snapshot: decodeSnapshot(found.snapshot) })])
  }
  return lists
}

export function asSnapshot(found: ZfsSnapshot): DatasetSnapshot {
  return { name: found.snapshot, created_at: found.created_at, used_bytes: found.used_bytes }
}

/** The answer, or null when the thing is not there. */
export async function orMissing<Answer>(answer: Promise<Answer>): Promise<Answer | null> {
  try {
    return await answer
  } catch (error) {
    if (isAppError(error, 'DatasetNotFound', 'SnapshotNotFound')) return null
    throw error
  }
}
