import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import type { Context } from '../context.ts'
import { parentOf } from '../pool/name.ts'
import { run } from '../run/run.ts'
import { type GroupId, renderGroup, renderGroupClearStale, renderGroupShow } from './argv.ts'
import { directoryOf, groupOf } from './layout.ts'
import { type GroupRow, parseGroupTable } from './parse.ts'
import { type BtrfsPool, readPoolFacts, runBtrfs, runSteps } from './pool.ts'
import { renderAssign, renderDrop, renderLimit, renderMakeDirectory, renderMakeGroup, renderUnassign, type Step } from './steps.ts'
import { readGroupIds } from './sysfs.ts'
import { readFacts, walkAllFacts } from './tree.ts'

/** Destroyed datasets between two sweeps. */
export const sweepEvery = 16

/**
 * Steps that make the quota group of a dataset, below its parent's group. The first notes it in the dataset's directory,
 * so that a kill in between leaves no group that nothing names. No group and no steps when the pool has no quotas.
 */
export async function planGroup(pool: BtrfsPool, dataset: string, bytes: number | null): Promise<{ group: GroupId | null; steps: Step[] }> {
  if ((await readPoolFacts(pool)).mode === 'off') return { group: null, steps: [] }
  const group = groupOf(dataset, randomInt(1, 2 ** 47))
  const steps = [renderMakeDirectory(join(directoryOf(pool, dataset), `.group.${group.number}`)), renderMakeGroup(group)]
  const parent = await readParentGroup(pool, dataset)
  if (parent !== null) steps.push(renderAssign(group, parent))
  if (bytes !== null) steps.push(renderLimit(group, bytes))
  return { group, steps }
}

export async function limitGroup(pool: BtrfsPool, group: GroupId, bytes: number | null, context: Context): Promise<void> {
  await runSteps(pool, [renderLimit(group, bytes)], `the quota group ${renderGroup(group)}`, context)
}

/** Puts the group of a moved dataset below its new parent's. Safe to repeat. */
export async function ensureGroupParent(pool: BtrfsPool, from: string, to: string, context: Context): Promise<void> {
  if (parentOf(from) === parentOf(to)) return
  const group = (await readFacts(pool, to))?.group ?? null
  if (group === null) return
  const [before, after] = [await readParentGroup(pool, from), await readParentGroup(pool, to)]
  const steps = [...(before === null ? [] : [renderUnassign(group, before)]), ...(after === null ? [] : [renderAssign(group, after)])]
  await runSteps(pool, steps, `the dataset ${to}`, context)
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

/** Removes the groups that no dataset names and that nothing uses any more, and dead subvolumes' own ones. */
export async function sweepGroups(pool: BtrfsPool, context: Context): Promise<void> {
  const { mode, sysfs } = await readPoolFacts(pool)
  if (mode === 'off') return
  pool.doomedGroups = 0
  // 1: some are still in use; they are for the next sweep.
  await run(renderGroupClearStale(pool.mountpoint), { okCodes: [0, 1] }, context)
  // In this order: a group that is made meanwhile has been named before.
  const groups = (await readGroupIds(sysfs)).filter((group) => group.level > 0)
  const named = new Set((await walkAllFacts(pool)).map(([, facts]) => (facts.group === null ? '' : renderGroup(facts.group))))
  const unnamed = groups.filter((group) => !named.has(renderGroup(group)))
  await runSteps(pool, unnamed.map(renderDrop), 'unused quota groups', context)
}
