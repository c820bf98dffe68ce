import { AppError, isAppError } from '#contracts/errors.ts'
import type { Context } from '../context.ts'
import { renderModprobe } from '../pool/argv.ts'
import { CommandFailure } from '../run/run.ts'
import { renderImport, renderListImportable, renderListPools, renderListTops } from './argv.ts'
import { parseImportablePools, parsePools, parseTops, type ImportablePool } from './parse-pools.ts'
import { diskRunner, type DiskRunner } from './runner.ts'

/** What became of a pool that the disks know of. */
export interface PoolOutcome {
  name: string
  guid: string
  /** `ONLINE`, `DEGRADED` …, after the import where there was one. */
  state: string
  imported: boolean
  /** Why it is not imported, or what is wrong with it though it is; null when all is well. */
  reason: string | null
  /** Its making was broken off: nothing on it counts. */
  unfinished: boolean
  /** Encrypted, and `zfs load-key` must be given its passphrase before it can be mounted. */
  locked: boolean
}

/** Makes sure that this kernel has ZFS; PoolUnavailable when it cannot. */
export async function ensureZfs(context: Context, runner: DiskRunner = diskRunner): Promise<void> {
  if (await runner.exists('/sys/module/zfs')) return
  const { exitCode } = await runner.run(renderModprobe('zfs'), { okCodes: [0, 1] }, context)
  if (exitCode !== 0) throw new AppError('PoolUnavailable', 'This kernel has no ZFS, and its module cannot be loaded.', { hint: 'modprobe zfs' })
}

/** Pools on the disks that are not imported, nor destroyed. */
export async function listImportablePools(context: Context, runner: DiskRunner = diskRunner): Promise<ImportablePool[]> {
  await ensureZfs(context, runner)
  const { stdout } = await runner.run(renderListImportable({ destroyed: false }), { okCodes: [0, 1] }, context)
  return parseImportablePools(stdout)
}

/**
 * Imports every pool the disks know of, or those in `only`, whoever had it last, without mounting anything; pools that
 * were imported already are in the answer too. A pool that cannot be imported is reported and the others go on; of two
 * with one name the healthier one is taken. A missing log device does not keep a pool out.
 */
export async function importPools(options: { only?: readonly string[] }, context: Context, runner: DiskRunner = diskRunner): Promise<PoolOutcome[]> {
  const wanted = (pool: { name: string }): boolean => options.only?.includes(pool.name) ?? true
  const found = (await listImportablePools(context, runner)).filter(wanted).toSorted((a, b) => rankState(a) - rankState(b))
  const failures = new Map<string, string | null>()
  for (const pool of found) failures.set(pool.guid, await tryImport(pool, context, runner))
  const listed = parsePools((await runner.run(renderListPools(), {}, context)).stdout).filter(wanted)
  const tops = parseTops((await runner.run(renderListTops(), { okCodes: [0, 1] }, context)).stdout)
  const imported = listed.map(({ name, guid, health }): PoolOutcome => {
    const top = tops.find((candidate) => candidate.name === name)
    const reason = failures.get(guid) ?? (health === 'ONLINE' ? null : `The pool ${name} is ${health}; \`zpool status ${name}\` names the disk.`)
    return { name, guid, state: health, imported: true, reason, unfinished: top?.unfinished ?? false, locked: top?.locked ?? false }
  })
  const failed = found.filter((pool) => !listed.some(({ guid }) => guid === pool.guid))
  return [...imported, ...failed.map((pool) => asFailed(pool, failures.get(pool.guid) ?? null))]
}

function asFailed(pool: ImportablePool, reason: string | null): PoolOutcome {
  const { name, guid, state } = pool
  return { name, guid, state, imported: false, reason: reason ?? `The pool ${name} was not imported.`, unfinished: false, locked: false }
}

function rankState(pool: ImportablePool): number {
  const rank = ['ONLINE', 'DEGRADED'].indexOf(pool.state)
  return rank < 0 ? 2 : rank
}

/** null when it went well, else a sentence: why not, or what was given up for it. */
async function tryImport(pool: ImportablePool, context: Context, runner: DiskRunner): Promise<string | null> {
  const refusal = await importOnce(pool, { without_log: false }, context, runner)
  // Nothing that zpool says tells a missing log from other missing devices.
  if (refusal === null || (await importOnce(pool, { without_log: true }, context, runner)) !== null) return refusal
  return `The log device of the pool ${pool.name} is missing; it was imported without: writes of the last seconds may be lost.`
}

async function importOnce(pool: ImportablePool, options: { without_log: boolean }, context: Context, runner: DiskRunner): Promise<string | null> {
  try {
    await runner.run(renderImport(pool.guid, options), {}, context)
    return null
  } catch (error) {
    if (!isAppError(error, 'CommandFailed', 'Timeout')) throw error
    const words = error.cause instanceof CommandFailure ? error.cause.stderrTail.trim().replaceAll(/\s+/g, ' ') : error.message
    // zpool says "no such pool" of one with too few disks; the list knows better.
    return `The pool ${pool.name} (${pool.state}) could not be imported: ${pool.status === '' ? words : `${pool.status} ${words}`}`
  }
}
