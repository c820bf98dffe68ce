import { AppError, isAppError } from '#contracts/errors.ts'
import type { PoolLayout } from '#contracts/platform/layout.ts'
import { renderList } from '#plan/setup/format.ts'
import { authorizedKeysFile, configFile, shadowFile, type SetupWork } from '#plan/setup/work.ts'
import type { ProgressItem } from './progress.ts'

/** Tells what is being done just now. */
export type Tell = (detail: string) => void

/** What setting up changes in the world; a test has one in memory. */
export interface SetupEffects {
  /** Destroys the named pools and makes the system pool with its datasets, mounted. A pool of that name that a killed set-up left half made is in `destroys`. */
  createPool(work: { name: string; layout: PoolLayout; destroys: readonly string[]; bootable: boolean }, tell: Tell): Promise<void>
  /** Imports the pool unless it is, marks it as the system pool, and mounts its datasets; those that are missing are made. */
  adoptPool(name: string, tell: Tell): Promise<void>
  /** Puts the running platform and its loader on every disk of the system pool. */
  installPlatform(tell: Tell): Promise<void>
  /** Hash for /etc/shadow. */
  hashPassword(password: string): Promise<string>
  read(path: string): Promise<string | null>
  /** In one step; survives a power cut when it returns. */
  write(path: string, text: string, mode: number): Promise<void>
  remove(path: string): Promise<void>
}

interface Step {
  title: string
  run: (tell: Tell) => Promise<void>
}

/**
 * Sets the node up. The settings are written last: until they are there every boot asks again, and offers the pool
 * that is there by then. Throws what the failed step threw; what was shown last names the step.
 */
export async function executeSetup(work: SetupWork, effects: SetupEffects, report: (items: readonly ProgressItem[]) => void): Promise<void> {
  const steps = listSteps(work, effects)
  const items: ProgressItem[] = steps.map(({ title }) => ({ title, state: 'waiting', detail: '' }))
  const change = (index: number, changed: Partial<ProgressItem>): void => {
    items[index] = { ...items[index]!, ...changed }
    report([...items])
  }
  for (const [index, step] of steps.entries()) {
    change(index, { state: 'running' })
    try {
      await step.run((detail) => change(index, { detail }))
    } catch (error) {
      change(index, { state: 'failed', detail: '' })
      throw error
    }
    change(index, { state: 'done', detail: '' })
  }
}

function listSteps(work: SetupWork, effects: SetupEffects): Step[] {
  return [
    poolStep(work, effects),
    { title: 'Access for root', run: () => writeAccess(work, effects) },
    ...(work.bootable ? [{ title: 'The platform on the disks', run: (tell: Tell) => effects.installPlatform(tell) }] : []),
    { title: 'Settings of the node', run: () => writeSettings(work, effects) },
  ]
}

function poolStep({ pool, bootable }: SetupWork, effects: SetupEffects): Step {
  if (pool.kind === 'adopt') return { title: `The pool ${pool.name}`, run: (tell) => effects.adoptPool(pool.name, tell) }
  const { name, layout, destroys } = pool
  const disks = layout.disks.length > 6 ? `${layout.disks.length} disks` : renderList(layout.disks)
  return { title: `The pool ${name} on ${disks}`, run: (tell) => effects.createPool({ name, layout: layout.value, destroys, bootable }, tell) }
}

/** Without a password none of the image's stays usable: root is locked for passwords. */
async function writeAccess({ secret, keys }: SetupWork, effects: SetupEffects): Promise<void> {
  const hash = secret === null ? '*' : 'hash' in secret ? secret.hash : await effects.hashPassword(secret.password)
  await effects.write(shadowFile, `root:${hash}:::::::\n`, 0o600)
  if (keys === '') await effects.remove(authorizedKeysFile)
  else await effects.write(authorizedKeysFile, keys, 0o600)
}

/** Of a pool that had settings they are kept beside the new ones. */
async function writeSettings({ config }: SetupWork, effects: SetupEffects): Promise<void> {
  const before = await effects.read(configFile)
  if (before !== null && before !== config) await effects.write(`${configFile}.before-setup`, before, 0o600)
  await effects.write(configFile, config, 0o644)
}

/** One sentence, or a few: what failed and why. */
export function describeFailure(items: readonly ProgressItem[], error: unknown): string[] {
  const step = items.find((item) => item.state === 'failed')?.title
  const reasons: string[] = []
  for (let cause: unknown = error; cause instanceof Error && reasons.length < 4; cause = cause.cause) reasons.push(cause.message.trim())
  const hint = isAppError(error) && error.hint !== undefined ? ` Way out: ${error.hint}.` : ''
  return [`${step === undefined ? 'Setting up' : `"${step}"`} failed: ${reasons.join(' ').slice(0, 600) || String(error)}${hint}`]
}

/** For programs that were handed work that is not whole. */
export function refuseOpen(open: readonly string[]): never {
  throw new AppError('InvalidPayload', `These questions have no answer yet: ${open.join(', ')}.`)
}
