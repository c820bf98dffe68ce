import { rmdir } from 'node:fs/promises'
import { relative } from 'node:path'
import type { Context } from '../context.ts'
import { type GroupId, renderGroup, renderSubvolumeDelete, renderSubvolumeDeleteById, renderSubvolumeList } from './argv.ts'
import { isStuckDelete } from './failures.ts'
import { limitGroup } from './groups.ts'
import { createIntent, readIntents } from './intents.ts'
import { parseGroup, parseSubvolumeList } from './parse.ts'
import { type BtrfsPool, readPoolFacts, runBtrfs, undoContext } from './pool.ts'
import { readGroupUsage } from './sysfs.ts'
import { isSubvolume } from './tree.ts'

// Far below the kernel's limit for arguments.
const pathsAtOnce = 500

export interface Doomed {
  /** Of the dataset, for errors. */
  what: string
  paths: string[]
  /** Groups whose limits may be in the way. */
  groups: GroupId[]
}

/**
 * Deletes subvolumes; those that are gone are skipped. A guest may have made subvolumes of its own in its tree (systemd
 * does): they are found by the kernel's list and deleted by id, deepest first, never by walking the guest's names.
 */
export async function deleteSubvolumes(pool: BtrfsPool, doomed: Doomed, context: Context): Promise<void> {
  const present = await onlySubvolumes(doomed.paths)
  if (present.length === 0) return
  try {
    await deletePaths(present, doomed.what, context)
  } catch (error) {
    if (!isStuckDelete(error)) throw error
    const paths = await onlySubvolumes(present)
    await withoutLimits(pool, doomed.groups, context, async () => {
      await deleteInner(pool, paths, doomed.what, context)
      await deletePaths(paths, doomed.what, context)
    })
  }
}

async function onlySubvolumes(paths: readonly string[]): Promise<string[]> {
  const is = await Promise.all(paths.map(isSubvolume))
  return paths.filter((_, index) => is[index])
}

async function deletePaths(paths: readonly string[], what: string, context: Context): Promise<void> {
  for (let at = 0; at < paths.length; at += pathsAtOnce) {
    await runBtrfs(renderSubvolumeDelete(paths.slice(at, at + pathsAtOnce)), what, context)
  }
}

async function deleteInner(pool: BtrfsPool, paths: readonly string[], what: string, context: Context): Promise<void> {
  const heads = paths.map((path) => `${relative(pool.mountpoint, path)}/`)
  const all = parseSubvolumeList(await runBtrfs(renderSubvolumeList(pool.mountpoint), what, context))
  const inner = all.filter((row) => heads.some((head) => row.path.startsWith(head)))
  inner.sort((a, b) => b.path.split('/').length - a.path.split('/').length)
  for (const row of inner) await runBtrfs(renderSubvolumeDeleteById(row.id, pool.mountpoint), what, context)
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
