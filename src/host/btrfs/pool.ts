import { access } from 'node:fs/promises'
import { AppError } from '#contracts/errors.ts'
import type { Context } from '../context.ts'
import type { Argv } from '../run/programs.ts'
import { run } from '../run/run.ts'
import { renderQuotaEnable, renderRescan } from './argv.ts'
import { asBtrfsFailure } from './failures.ts'
import type { Layout } from './layout.ts'
import { isInconsistent, type QuotaMode, readQuotaMode, readSysfsDirectory } from './sysfs.ts'

/** A mounted btrfs pool, as the verbs of the driver share it. */
export interface BtrfsPool extends Layout {
  name: string
  /** Facts of the kernel that do not change while it is mounted; read at first need. */
  facts: PoolFacts | null
  /** Destroyed datasets whose quota group waits for the kernel's cleaner. */
  doomedGroups: number
}

interface PoolFacts {
  sysfs: string
  mode: QuotaMode
}

export async function readPoolFacts(pool: BtrfsPool): Promise<PoolFacts> {
  if (pool.facts === null) {
    const sysfs = await readSysfsDirectory(pool.mountpoint)
    pool.facts = { sysfs, mode: await readQuotaMode(sysfs) }
  }
  return pool.facts
}

/** Runs btrfs for `what` (in the error's sentence) and translates its known failures. */
export async function runBtrfs(argv: Argv, what: string, context: Context): Promise<string> {
  try {
    return (await run(argv, {}, context)).stdout
  } catch (error) {
    throw asBtrfsFailure(error, what)
  }
}

/**
 * Switches quotas on: simple ones through `helper` (native/squota.c), else classic ones, whose limits act only once
 * the first count has ended. An existing mode is kept. `mode` is for tests.
 */
export async function ensureQuota(
  pool: BtrfsPool,
  options: { helper: `/${string}` | null; mode?: 'simple' | 'classic' },
  context: Context,
): Promise<QuotaMode> {
  const facts = await readPoolFacts(pool)
  if (facts.mode !== 'off') return facts.mode
  if (options.mode !== 'classic') await enableSimple(pool, options.helper, context)
  if (options.mode !== 'simple' && (await readQuotaMode(facts.sysfs)) === 'off') await enableClassic(pool, context)
  pool.facts = null
  return (await readPoolFacts(pool)).mode
}

async function enableSimple(pool: BtrfsPool, helper: `/${string}` | null, context: Context): Promise<void> {
  if (
    helper === null ||
    !(await access(helper).then(
      () => true,
      () => false,
    ))
  ) {
    context.log.warn({ helper }, 'the squota helper is not built: classic quotas are used')
    return
  }
  const result = await run([helper, pool.mountpoint], { okCodes: [0, 1] }, context)
  if (result.exitCode === 1) context.log.info({ stderr: result.stderr }, 'this kernel has no simple quotas')
}

async function enableClassic(pool: BtrfsPool, context: Context): Promise<void> {
  await runBtrfs(renderQuotaEnable(pool.mountpoint), 'the quota tree', context)
  // Enabling starts a count by itself; wait for it, or begin one when it has ended already.
  await runBtrfs(renderRescan(pool.mountpoint), 'counting the quotas', context)
}

/**
 * Classic groups lose count when a snapshot is put into another group than its origin's, and then enforce nothing:
 * count again, which takes as long as the pool has metadata. Simple quotas never need it.
 */
export async function settleQuota(pool: BtrfsPool, context: Context): Promise<void> {
  const facts = await readPoolFacts(pool)
  if (facts.mode === 'classic' && (await isInconsistent(facts.sysfs))) await runBtrfs(renderRescan(pool.mountpoint), 'counting the quotas', context)
}

/** Undoing must end also when the operation was cancelled. */
export function undoContext(context: Context): Context {
  return { ...context, signal: new AbortController().signal }
}

export function quotaOff(pool: BtrfsPool): AppError {
  return new AppError('NotSupported', `Quotas are off on the pool ${pool.name}.`, { hint: `btrfs quota enable ${pool.mountpoint}` })
}
