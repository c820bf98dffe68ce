import { cp, mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { AppError } from '#contracts/errors.ts'
import type { Context } from './context.ts'
import { checkDatasetName, checkQuota, checkSnapshotName, parentOf, renameBelow, renderSnapshotName } from './pool/name.ts'
import { datasetExists, datasetNotFound, hasClones, held, snapshotExists, snapshotNotFound } from './pool/refusals.ts'
import type { Dataset, DatasetOptions, DatasetSnapshot, SnapshotName, Storage } from './storage.ts'
import { readStream, renderStream } from './storage-stream-fake.ts'

/** Verbs that `failNext` can make fail. */
export type FakeVerb = Exclude<keyof Storage, 'kind' | 'pool' | 'mountpoint' | 'mountpointOf'>

export interface FakeStorage extends Storage {
  /**
   * The next call of the verb throws `error` before it does anything (`send`: through its stream). Further calls for
   * the same verb queue up. For tests of undo: `fake.failNext('snapshot', new AppError('NoSpace', '…'))`.
   */
  failNext(verb: FakeVerb, error: Error): void
}

export interface FakeOptions {
  pool: string
  /** An empty directory below which the datasets are real directories, nested ones inside their parents as with ZFS. */
  mountpoint: string
  /** As ZFS does: refuse (Busy) to destroy what clones depend on. */
  refusesDependents?: boolean
}

interface Entry {
  origin: SnapshotName | null
  quota_bytes: number | null
  created_at: string
  options: DatasetOptions
  /** Oldest first. */
  snapshots: { name: string; created_at: string; directory: string; holds: Set<string> }[]
}

/** State of a fake pool. */
interface Pool extends FakeOptions {
  entries: Map<string, Entry>
  serial: number
}

/**
 * The store in memory, with the datasets' files in real directories that are copied where a file system would share
 * them. Keeps the suite of `Storage`; does not enforce quotas, and used_bytes are the sizes of the files.
 */
export function createFakeStorage(options: FakeOptions): FakeStorage {
  const pool: Pool = { ...options, entries: new Map(), serial: 0 }
  const failures: { verb: FakeVerb; error: Error }[] = []
  const storage: FakeStorage = {
    ...describe(pool),
    ...changes(pool),
    ...snapshotVerbs(pool),
    failNext: (verb, error) => void failures.push({ verb, error }),
  }
  return withFailures(storage, failures)
}

function describe(pool: Pool): Pick<Storage, 'kind' | 'pool' | 'mountpoint' | 'readUsage' | 'mountpointOf' | 'exists' | 'read' | 'list'> {
  return {
    kind: 'fake',
    pool: pool.pool,
    mountpoint: pool.mountpoint,
    async readUsage() {
      const used = await sizeOf(pool.mountpoint)
      return { size_bytes: 2 ** 40, used_bytes: used, available_bytes: 2 ** 40 - used }
    },
    mountpointOf: (dataset) => (checkDatasetName(dataset), join(pool.mountpoint, dataset)),
    exists: async (dataset) => pool.entries.has(dataset),
    read: async (dataset) => await compose(pool, dataset),
    async list() {
      const all = await Promise.all([...pool.entries.keys()].map((name) => compose(pool, name)))
      return all.filter((dataset) => dataset !== null)
    },
  }
}

type Changes = Pick<Storage, 'create' | 'clone' | 'destroy' | 'rename' | 'setQuota' | 'setOptions' | 'receive'>

function changes(pool: Pool): Changes {
  return {
    create: async (dataset, options, context) => await add(pool, dataset, { origin: null, options }, context),
    async clone(origin, dataset, options, context) {
      const { directory } = find(pool, origin)
      await add(pool, dataset, { origin, options }, context)
      await replaceFiles(pool, dataset, directory)
    },
    destroy: async (dataset) => await destroy(pool, dataset),
    rename: async (from, to, context) => await rename(pool, from, to, context),
    async setQuota(dataset, bytes) {
      checkQuota(bytes)
      entryOf(pool, dataset).quota_bytes = bytes
    },
    async setOptions(dataset, options) {
      Object.assign(entryOf(pool, dataset).options, options)
    },
    receive: async (dataset, input, context) => await receive(pool, dataset, input, context),
  }
}

type SnapshotVerbs = Pick<
  Storage,
  'snapshot' | 'listSnapshots' | 'listAllSnapshots' | 'rollback' | 'destroySnapshot' | 'hold' | 'release' | 'listHolds' | 'send'
>

function snapshotVerbs(pool: Pool): SnapshotVerbs {
  return {
    snapshot: async (name, context) => await addSnapshot(pool, name, context),
    listSnapshots: async (dataset) => await listSnapshots(entryOf(pool, dataset)),
    async listAllSnapshots() {
      const lists = await Promise.all([...pool.entries].map(async ([name, entry]) => [name, await listSnapshots(entry)] as const))
      return new Map(lists.filter(([, list]) => list.length > 0))
    },
    rollback: async (name) => await rollback(pool, name),
    destroySnapshot: async (name) => await destroySnapshot(pool, name),
    hold: async (name, tag) => void find(pool, name).holds.add(tag),
    async release(name, tag) {
      checkSnapshotName(name)
      pool.entries
        .get(name.dataset)
        ?.snapshots.find((snapshot) => snapshot.name === name.snapshot)
        ?.holds.delete(tag)
    },
    listHolds: async (name) => [...find(pool, name).holds],
    send: (name, from) => Readable.from(send(pool, name, from), { objectMode: false }),
  }
}

/** Every verb first asks whether it is to fail, and whether it was cancelled. */
function withFailures(storage: FakeStorage, failures: { verb: FakeVerb; error: Error }[]): FakeStorage {
  const failing = new Proxy(storage, {
    get(target, key, receiver): unknown {
      const value: unknown = Reflect.get(target, key, receiver)
      if (typeof value !== 'function' || key === 'failNext' || key === 'mountpointOf') return value
      return (...given: unknown[]): unknown => {
        const at = failures.findIndex(({ verb }) => verb === key)
        const [failure] = at < 0 ? [] : failures.splice(at, 1)
        const error = failure?.error ?? cancellation(String(key), given.at(-1) as Context)
        if (error === null) return (value as (...all: unknown[]) => unknown)(...given)
        return key === 'send'
          ? new Readable({
              read() {
                this.destroy(error)
              },
            })
          : Promise.reject(error)
      }
    },
  })
  return failing
}

function cancellation(verb: string, context: Context): Error | null {
  return context.signal.aborted ? new AppError('Cancelled', `${verb} was not started: cancelled.`) : null
}

async function compose(pool: Pool, name: string): Promise<Dataset | null> {
  const entry = pool.entries.get(name)
  if (entry === undefined) return null
  const mountpoint = join(pool.mountpoint, name)
  const { origin, quota_bytes, created_at } = entry
  return { name, mountpoint, origin, used_bytes: await sizeOf(mountpoint), quota_bytes, created_at }
}

function entryOf(pool: Pool, dataset: string): Entry {
  checkDatasetName(dataset)
  const entry = pool.entries.get(dataset)
  if (entry === undefined) throw datasetNotFound(dataset)
  return entry
}

function find(pool: Pool, name: SnapshotName): Entry['snapshots'][number] {
  checkSnapshotName(name)
  const found = pool.entries.get(name.dataset)?.snapshots.find(({ name: snapshot }) => snapshot === name.snapshot)
  if (found === undefined) throw snapshotNotFound(name)
  return found
}

async function add(pool: Pool, dataset: string, wanted: Pick<Entry, 'origin' | 'options'>, context: Context): Promise<void> {
  checkDatasetName(dataset)
  checkQuota(wanted.options.quota_bytes)
  if (pool.entries.has(dataset)) throw datasetExists(dataset)
  const parent = parentOf(dataset)
  if (parent !== null && !pool.entries.has(parent)) {
    if (parentOf(parent) === null) throw datasetNotFound(parent)
    await add(pool, parent, { origin: null, options: {} }, context)
  }
  await mkdir(join(pool.mountpoint, dataset), { recursive: true })
  pool.entries.set(dataset, { ...wanted, quota_bytes: wanted.options.quota_bytes ?? null, created_at: context.now().toISOString(), snapshots: [] })
}

function below(pool: Pool, dataset: string): string[] {
  return [...pool.entries.keys()].filter((name) => name === dataset || name.startsWith(`${dataset}/`))
}

async function destroy(pool: Pool, dataset: string): Promise<void> {
  checkDatasetName(dataset)
  const doomed = below(pool, dataset)
  const snapshots = doomed.flatMap((name) => entryOf(pool, name).snapshots.map((snapshot) => ({ name, snapshot })))
  for (const { name, snapshot } of snapshots) refuseProtected(pool, { dataset: name, snapshot: snapshot.name }, doomed)
  for (const { snapshot } of snapshots) await rm(snapshot.directory, { recursive: true, force: true })
  await rm(join(pool.mountpoint, dataset), { recursive: true, force: true })
  for (const name of doomed) pool.entries.delete(name)
}

function refuseProtected(pool: Pool, name: SnapshotName, within: readonly string[]): void {
  const { holds } = find(pool, name)
  if (holds.size > 0) throw held(name, [...holds])
  const isClone = ([clone, { origin }]: [string, Entry]): boolean =>
    origin?.dataset === name.dataset && origin.snapshot === name.snapshot && !within.includes(clone)
  const clones = [...pool.entries].filter(isClone).map(([clone]) => clone)
  if (pool.refusesDependents === true && clones.length > 0) throw hasClones(`The snapshot ${renderSnapshotName(name)}`, clones)
}

async function rename(pool: Pool, from: string, to: string, context: Context): Promise<void> {
  entryOf(pool, from)
  // Makes the parents and refuses what is taken.
  await add(pool, to, { origin: null, options: {} }, context)
  await rm(join(pool.mountpoint, to), { recursive: true })
  await cp(join(pool.mountpoint, from), join(pool.mountpoint, to), copying)
  await rm(join(pool.mountpoint, from), { recursive: true })
  pool.entries.delete(to)
  for (const name of below(pool, from)) {
    pool.entries.set(renameBelow(name, from, to) ?? name, entryOf(pool, name))
    pool.entries.delete(name)
  }
  for (const entry of pool.entries.values()) {
    const renamed = entry.origin === null ? null : renameBelow(entry.origin.dataset, from, to)
    if (entry.origin !== null && renamed !== null) entry.origin = { ...entry.origin, dataset: renamed }
  }
}

async function addSnapshot(pool: Pool, name: SnapshotName, context: Context): Promise<void> {
  checkSnapshotName(name)
  const { snapshots } = entryOf(pool, name.dataset)
  if (snapshots.some((snapshot) => snapshot.name === name.snapshot)) throw snapshotExists(name)
  pool.serial += 1
  const directory = join(pool.mountpoint, '.snapshots', String(pool.serial))
  await copyFiles(pool, name.dataset, directory)
  snapshots.push({ name: name.snapshot, created_at: context.now().toISOString(), directory, holds: new Set() })
}

async function listSnapshots(entry: Entry): Promise<DatasetSnapshot[]> {
  const list = entry.snapshots.map(async ({ name, created_at, directory }) => ({ name, created_at, used_bytes: await sizeOf(directory) }))
  return (await Promise.all(list)).toReversed()
}

async function rollback(pool: Pool, name: SnapshotName): Promise<void> {
  const target = find(pool, name)
  const entry = entryOf(pool, name.dataset)
  const newer = entry.snapshots.slice(entry.snapshots.indexOf(target) + 1)
  for (const snapshot of newer) refuseProtected(pool, { ...name, snapshot: snapshot.name }, [])
  await replaceFiles(pool, name.dataset, target.directory)
  for (const snapshot of newer) await destroySnapshot(pool, { ...name, snapshot: snapshot.name })
}

async function destroySnapshot(pool: Pool, name: SnapshotName): Promise<void> {
  checkSnapshotName(name)
  const entry = pool.entries.get(name.dataset)
  const found = entry?.snapshots.find((snapshot) => snapshot.name === name.snapshot)
  if (entry === undefined || found === undefined) return
  refuseProtected(pool, name, [])
  await rm(found.directory, { recursive: true, force: true })
  entry.snapshots = entry.snapshots.filter((snapshot) => snapshot !== found)
}

async function* send(pool: Pool, name: SnapshotName, from: string | null): AsyncGenerator<Buffer> {
  const { directory } = find(pool, name)
  if (from !== null) find(pool, { ...name, snapshot: from })
  yield* renderStream({ snapshot: name.snapshot, from }, directory)
}

async function receive(pool: Pool, dataset: string, input: Readable, context: Context): Promise<void> {
  checkDatasetName(dataset)
  pool.serial += 1
  const directory = join(pool.mountpoint, '.snapshots', String(pool.serial))
  try {
    const { snapshot, from } = await readStream(input, directory)
    if (from === null) await add(pool, dataset, { origin: null, options: {} }, context)
    else find(pool, { dataset: entryOf(pool, dataset) && dataset, snapshot: from })
    const { snapshots } = entryOf(pool, dataset)
    if (snapshots.some(({ name }) => name === snapshot)) throw snapshotExists({ dataset, snapshot })
    await replaceFiles(pool, dataset, directory)
    snapshots.push({ name: snapshot, created_at: context.now().toISOString(), directory, holds: new Set() })
  } catch (error) {
    await rm(directory, { recursive: true, force: true })
    throw error
  } finally {
    input.destroy()
  }
}

const copying = { recursive: true, verbatimSymlinks: true, preserveTimestamps: true } as const

/** Top-level names in a dataset's directory that are datasets of their own. */
function childNames(pool: Pool, dataset: string): Set<string> {
  return new Set([...pool.entries.keys()].filter((name) => parentOf(name) === dataset).map((name) => name.slice(dataset.length + 1)))
}

async function copyFiles(pool: Pool, dataset: string, to: string): Promise<void> {
  const from = join(pool.mountpoint, dataset)
  const children = childNames(pool, dataset)
  await mkdir(to, { recursive: true })
  for (const name of await readdir(from)) if (!children.has(name)) await cp(join(from, name), join(to, name), copying)
}

async function replaceFiles(pool: Pool, dataset: string, from: string): Promise<void> {
  const to = join(pool.mountpoint, dataset)
  const children = childNames(pool, dataset)
  for (const name of await readdir(to)) if (!children.has(name)) await rm(join(to, name), { recursive: true, force: true })
  for (const name of await readdir(from)) await cp(join(from, name), join(to, name), copying)
}

async function sizeOf(directory: string): Promise<number> {
  const files = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => [])
  const sizes = files.filter((file) => file.isFile()).map(async (file) => (await stat(join(file.parentPath, file.name)).catch(() => null))?.size ?? 0)
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
