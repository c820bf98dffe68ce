import { constants } from 'node:os'
import { AppError } from '#contracts/errors.ts'
import type { Context } from '../context.ts'
import type { Argv } from '../run/programs.ts'
import { run } from '../run/run.ts'
import { renderQuotaEnable, renderRescan } from './argv.ts'
import { asBtrfsFailure } from './failures.ts'
import type { Layout } from './layout.ts'
import { renderEnableQuotas, type Step } from './steps.ts'
import { isInconsistent, type QuotaMode, readQuotaMode, readSysfsDirectory } from './sysfs.ts'

/** A mounted btrfs pool, as the verbs of the driver share it. */
export interface BtrfsPool extends Layout {
  name: string
  /** Path of the built native/btrfs-steps.c. */
  helper: `/${string}`
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

// Far below the kernel's limit for arguments.
const stepsAtOnce = 500

/** Does the steps in one process, in order and until one fails. Killed in between, those before stay done. */
export async function runSteps(pool: BtrfsPool, steps: readonly Step[], what: string, context: Context): Promise<void> {
  for (let at = 0; at < steps.length; at += stepsAtOnce) {
    await runBtrfs([pool.helper, pool.mountpoint, ...steps.slice(at, at + stepsAtOnce).flat()], what, context)
  }
}

/**
 * Switches quotas on: simple ones where the kernel has them, else classic ones, whose limits act only once the first
 * count has ended. An existing mode is kept. `mode` is for tests.
 */
export async function ensureQuota(pool: BtrfsPool, options: { mode?: 'simple' | 'classic' }, context: Context): Promise<QuotaMode> {
  const facts = await readPoolFacts(pool)
  if (facts.mode !== 'off') return facts.mode
  if (options.mode !== 'classic') await enableSimple(pool, context)
  if (options.mode !== 'simple' && (await readQuotaMode(facts.sysfs)) === 'off') await enableClassic(pool, context)
  pool.facts = null
  return (await readPoolFacts(pool)).mode
}

async function enableSimple(pool: BtrfsPool, context: Context): Promise<void> {
  // EINVAL: the kernel does not know the request.
  const { exitCode } = await run([pool.helper, pool.mountpoint, ...renderEnableQuotas()], { okCodes: [0, constants.errno.EINVAL] }, context)
  if (exitCode !== 0) context.log.info({}, 'this kernel has no simple quotas')
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
