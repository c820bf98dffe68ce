import { randomInt } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from '../context.ts'
import { parentOf } from '../pool/name.ts'
import { run } from '../run/run.ts'
import {
  type GroupId,
  renderGroup,
  renderGroupAssign,
  renderGroupClearStale,
  renderGroupCreate,
  renderGroupDestroy,
  renderGroupLimit,
  renderGroupShow,
  renderGroupUnassign,
} from './argv.ts'
import { directoryOf, groupOf } from './layout.ts'
import { type GroupRow, parseGroupTable } from './parse.ts'
import { type BtrfsPool, readPoolFacts, runBtrfs } from './pool.ts'
import { readFacts, walkAllFacts } from './tree.ts'

/** Destroyed datasets between two sweeps. */
export const sweepEvery = 16

/**
 * Makes the quota group of a dataset whose directory is there, below its parent's group, and notes it before it is
 * made, so that a kill in between leaves nothing unnamed. null when the pool has no quotas.
 */
export async function createGroup(pool: BtrfsPool, dataset: string, context: Context): Promise<GroupId | null> {
  if ((await readPoolFacts(pool)).mode === 'off') return null
  const group = groupOf(dataset, randomInt(1, 2 ** 47))
  await mkdir(join(directoryOf(pool, dataset), `.group.${group.number}`), { mode: 0o700 })
  await runBtrfs(renderGroupCreate(group, pool.mountpoint), `the dataset ${dataset}`, context)
  const parent = await readParentGroup(pool, dataset)
  if (parent !== null) await runBtrfs(renderGroupAssign(group, parent, pool.mountpoint), `the dataset ${dataset}`, context)
  return group
}

export async function limitGroup(pool: BtrfsPool, group: GroupId, bytes: number | null, context: Context): Promise<void> {
  await runBtrfs(renderGroupLimit(group, bytes, pool.mountpoint), `the quota group ${renderGroup(group)}`, context)
}

/** Puts the group of a moved dataset below its new parent's. Safe to repeat. */
export async function ensureGroupParent(pool: BtrfsPool, from: string, to: string, context: Context): Promise<void> {
  const group = (await readFacts(pool, to))?.group ?? null
  const [before, after] = [await readParentGroup(pool, from), await readParentGroup(pool, to)]
  if (group === null || parentOf(from) === parentOf(to)) return
  if (before !== null) await run(renderGroupUnassign(group, before, pool.mountpoint), { okCodes: [0, 1] }, context)
  if (after !== null) await runBtrfs(renderGroupAssign(group, after, pool.mountpoint), `the dataset ${to}`, context)
}

async function readParentGroup(pool: BtrfsPool, dataset: string): Promise<GroupId | null> {
  const parent = parentOf(dataset)
  return parent === null ? null : ((await readFacts(pool, parent))?.group ?? null)
}

/** All groups in one process. */
export async function readGroups(pool: BtrfsPool, context: Context): Promise<GroupRow[]> {
  if ((await readPoolFacts(pool)).mode === 'off') return []
  return parseGroupTable(await runBtrfs(renderGroupShow(pool.mountpoint), 'the quota groups', context))
}

/**
 * The kernel empties the group of a destroyed dataset only when its cleaner has freed the data (seconds later), and
 * keeps it as long as clones still use data written there. So groups are removed by a sweep after every 16th destroy
 * and after the first, not at once.
 */
export async function doomGroups(pool: BtrfsPool, count: number, context: Context): Promise<void> {
  pool.doomedGroups += count
  if (pool.doomedGroups < sweepEvery) return
  await sweepGroups(pool, context)
}

/** Removes the groups that no dataset names and that have no member any more, and dead subvolumes' own ones. */
export async function sweepGroups(pool: BtrfsPool, context: Context): Promise<void> {
  if ((await readPoolFacts(pool)).mode === 'off') return
  pool.doomedGroups = 0
  // 1: some are still in use; they are for the next sweep.
  await run(renderGroupClearStale(pool.mountpoint), { okCodes: [0, 1] }, context)
  const rows = await readGroups(pool, context)
  const named = new Set((await walkAllFacts(pool)).map(([, facts]) => (facts.group === null ? '' : renderGroup(facts.group))))
  for (const row of rows) {
    if (row.group.level === 0 || row.members > 0 || named.has(renderGroup(row.group))) continue
    await run(renderGroupDestroy(row.group, pool.mountpoint), { okCodes: [0, 1] }, context)
  }
}
