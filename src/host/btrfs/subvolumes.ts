import { lstat, rmdir } from 'node:fs/promises'
import { relative } from 'node:path'
import type { Context } from '../context.ts'
import { type GroupId, renderGroup, renderSubvolumeList } from './argv.ts'
import { isStuckDelete } from './failures.ts'
import { limitGroup } from './groups.ts'
import { createIntent, readIntents } from './intents.ts'
import { parseGroup, parseSubvolumeList } from './parse.ts'
import { type BtrfsPool, readPoolFacts, runBtrfs, runSteps, undoContext } from './pool.ts'
import { renderDelete, renderDeleteById, renderRemove } from './steps.ts'
import { readGroupUsage } from './sysfs.ts'
import { ignoreMissing } from './tree.ts'

export interface Doomed {
  /** Of the dataset, for errors. */
  what: string
  /** Subvolumes; those that are gone are passed over. */
  paths: readonly string[]
  /** The plain directory that had them, removed when they are gone. Nothing is done when it is gone already. */
  directory: string
  /** Groups whose limits may be in the way. */
  groups: readonly GroupId[]
}

/**
 * Deletes subvolumes, then the directory, in one process; safe to repeat. A guest may have made subvolumes of its own in
 * its tree (systemd does): they are found by the kernel's list and deleted by id, deepest first, never by walking the
 * guest's names.
 */
export async function deleteSubvolumes(pool: BtrfsPool, doomed: Doomed, context: Context): Promise<void> {
  if ((await lstat(doomed.directory).catch(ignoreMissing)) === null) return
  const steps = [...doomed.paths.map(renderDelete), renderRemove(doomed.directory)]
  try {
    await runSteps(pool, steps, doomed.what, context)
  } catch (error) {
    if (!isStuckDelete(error)) throw error
    await withoutLimits(pool, doomed.groups, context, async () => {
      const inner = await readInner(pool, doomed, context)
      await runSteps(pool, [...inner.map(renderDeleteById), ...steps], doomed.what, context)
    })
  }
}

/** Ids of the subvolumes inside of those that are to go, deepest first. */
async function readInner(pool: BtrfsPool, doomed: Doomed, context: Context): Promise<number[]> {
  const heads = doomed.paths.map((path) => `${relative(pool.mountpoint, path)}/`)
  const all = parseSubvolumeList(await runBtrfs(renderSubvolumeList(pool.mountpoint), doomed.what, context))
  const inner = all.filter((row) => heads.some((head) => row.path.startsWith(head)))
  return inner.toSorted((a, b) => b.path.split('/').length - a.path.split('/').length).map((row) => row.id)
}

/**
 * Does what a full group refuses, such as deleting inside a subvolume. The limits are put back; should the daemon be
 * killed in between, by `recoverLimits`.
 */
export async function withoutLimits(pool: BtrfsPool, groups: readonly GroupId[], context: Context, action: () => Promise<void>): Promise<void> {
  const { sysfs } = await readPoolFacts(pool)
  const lifted: { group: GroupId; bytes: number; intent: string }[] = []
  try {
    for (const group of groups) {
      const bytes = (await readGroupUsage(sysfs, group))?.quota_bytes ?? null
      if (bytes === null) continue
      lifted.push({ group, bytes, intent: await createIntent(pool, ['limit', renderGroup(group), String(bytes)]) })
      await limitGroup(pool, group, null, context)
    }
    await action()
  } finally {
    for (const { group, bytes, intent } of lifted) {
      await limitGroup(pool, group, bytes, undoContext(context))
      await rmdir(intent)
    }
  }
}

export async function recoverLimits(pool: BtrfsPool, context: Context): Promise<void> {
  for (const [path, words] of await readIntents(pool)) {
    const group = words.length === 3 && words[0] === 'limit' ? parseGroup(words[1] ?? '') : null
    if (group === null) continue
    // Its dataset may be gone, and the group with it.
    if ((await readGroupUsage((await readPoolFacts(pool)).sysfs, group)) !== null) await limitGroup(pool, group, Number(words[2]), context)
    await rmdir(path)
  }
}
