import { lstat, readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { parseSnapshotName } from '../pool/name.ts'
import type { SnapshotName } from '../storage.ts'
import type { GroupId } from './argv.ts'
import { datasetsDirectory, directoryOf, groupOf, holdsDirectory, type Layout, snapshotPath, snapshotsDirectory } from './layout.ts'

/** What the names in a dataset's directory say. */
export interface Facts {
  /** null when quotas were off at its creation. */
  group: GroupId | null
  origin: SnapshotName | null
  /** Full names of the datasets right below. */
  children: string[]
  /** What else there is, by its name in layout.ts: `.snapshots`, `.holds`, `.rollback`… Spares looking for what is not there. */
  parts: ReadonlySet<string>
}

// Number of the root directory's inode in every btrfs subvolume.
const subvolumeInode = 256

export async function isSubvolume(path: string): Promise<boolean> {
  const status = await lstat(path).catch(ignoreMissing)
  return status !== null && status.isDirectory() && status.ino === subvolumeInode
}

/** null when there is no such directory. */
export async function readFacts(layout: Layout, dataset: string): Promise<Facts | null> {
  const directory = directoryOf(layout, dataset)
  const names = await readdir(directory).catch(ignoreMissing)
  if (names === null) return null
  const facts: Facts = { group: null, origin: null, children: [], parts: new Set(names.filter((name) => name.startsWith('.'))) }
  for (const name of names) {
    if (name.startsWith('.group.')) facts.group = groupOf(dataset, Number(name.slice(7)))
    else if (name === '.origin') facts.origin = parseSnapshotName((await readlink(join(directory, name)).catch(ignoreMissing)) ?? '')
    else if (!name.startsWith('.')) facts.children.push(`${dataset}/${name}`)
  }
  return facts
}

/** The dataset and all below it that have a directory, parents first. */
export async function walkFacts(layout: Layout, dataset: string): Promise<[string, Facts][]> {
  const facts = await readFacts(layout, dataset)
  if (facts === null) return []
  const below = await Promise.all(facts.children.toSorted().map((child) => walkFacts(layout, child)))
  return [[dataset, facts], ...below.flat()]
}

/** All datasets that have a directory, half-made ones too, parents first. */
export async function walkAllFacts(layout: Layout): Promise<[string, Facts][]> {
  const names = await readNames(datasetsDirectory(layout))
  return (await Promise.all(names.map((name) => walkFacts(layout, name)))).flat()
}

/** Names of the snapshots that are whole. */
export async function readSnapshotNames(layout: Layout, dataset: string): Promise<string[]> {
  const names = await readNames(snapshotsDirectory(layout, dataset))
  const whole = await Promise.all(names.map((snapshot) => isSubvolume(snapshotPath(layout, { dataset, snapshot }))))
  return names.filter((_, index) => whole[index])
}

export async function readHoldTags(layout: Layout, name: SnapshotName): Promise<string[]> {
  return (await readNames(holdsDirectory(layout, name))).map(decodeURIComponent)
}

/** Entries of a directory but those with a dot, sorted; [] when there is none. */
export async function readNames(directory: string): Promise<string[]> {
  return ((await readdir(directory).catch(ignoreMissing)) ?? []).filter((name) => !name.startsWith('.')).toSorted()
}

export function ignoreMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null
  throw error
}
