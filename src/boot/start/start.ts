import { bootFiles, type BootState, type BootStep } from '#contracts/platform/boot-state.ts'
import { platformPaths } from '#contracts/platform/names.ts'
import { parseKernelArguments } from '#host/sys/parse.ts'
import { parseBootArguments } from '#plan/start/boot-arguments.ts'
import type { Nic } from '#plan/start/links.ts'
import { customStep } from '../custom/step.ts'
import { messagesOf } from '../messages-of.ts'
import type { System } from '../system.ts'
import { type Boot, poolOf, type Pools, type Step } from './boot.ts'
import { poolSteps } from './pool-steps.ts'
import { reloadServices, settingsSteps } from './settings-steps.ts'
import { readStamp } from './stamp.ts'

export interface StartOptions {
  system: System
  pools: Pools
  readNics: () => Promise<Nic[]>
  /** In place of the real ones; tests. */
  steps?: readonly Step[]
}

export const startSteps: readonly Step[] = [...poolSteps, ...settingsSteps, customStep]

/**
 * The work of a boot: imports the pools, puts what lasts in its place, applies the settings. A step that fails is
 * noted and the next ones go on, so that a login stays possible; what came of it is in the BootState, which is also
 * written to /run/spirula. Safe to repeat: the first-boot dialogue calls it again at its end.
 */
export async function startNode(options: StartOptions): Promise<BootState> {
  const { system } = options
  const startedAt = system.context.now().toISOString()
  const boot = await beginBoot(options)
  await system.ensureDirectory('/run/spirula')
  await system.remove(bootFiles.ready)
  const steps: BootStep[] = []
  for (const step of options.steps ?? startSteps) steps.push(await runStep(step, boot))
  const state = renderState(boot, startedAt, steps)
  await writeState(boot, state)
  await reloadServices(system, state.state === 'ready').catch((error: unknown) => void boot.problems.push(messagesOf(error)))
  return state
}

async function beginBoot({ system, pools, readNics }: StartOptions): Promise<Boot> {
  const asked = parseBootArguments(parseKernelArguments((await system.read('/proc/cmdline')) ?? ''))
  return {
    system,
    pools,
    readNics,
    arguments: asked,
    stamp: await readStamp(system),
    imported: null,
    outcomes: [],
    mountpoint: '/zones',
    values: new Map(),
    configured: false,
    state: asked.noimport ? 'rescue' : 'failed',
    reason: undefined,
    hostname: '',
    rootHash: null,
    hostKeys: [],
    tags: [],
    shown: [],
    problems: [],
  }
}

async function runStep(step: Step, boot: Boot): Promise<BootStep> {
  const started = performance.now()
  const done = (outcome: BootStep['outcome'], detail: string): BootStep => ({
    name: step.name,
    outcome,
    detail,
    duration_ms: Math.round(performance.now() - started),
  })
  try {
    const detail = await step.run(boot)
    return done(detail === null ? 'left' : 'done', detail ?? '')
  } catch (error) {
    const detail = messagesOf(error)
    boot.problems.push(`Step ${step.name} of the start failed: ${detail}`)
    return done('failed', detail)
  }
}

function renderState(boot: Boot, startedAt: string, steps: BootStep[]): BootState {
  const pool = poolOf(boot)
  return {
    state: boot.state,
    ...(pool === null ? {} : { pool }),
    ...(boot.reason === undefined ? {} : { reason: boot.reason }),
    stamp: boot.stamp,
    medium: boot.arguments.medium,
    ...(boot.arguments.failedImage === null ? {} : { failed_image: boot.arguments.failedImage }),
    started_at: startedAt,
    hostname: boot.hostname,
    links: [...boot.shown],
    host_keys: [...boot.hostKeys],
    problems: boot.problems,
    steps,
  }
}

/** The two marks that units wait for come last. */
async function writeState(boot: Boot, state: BootState): Promise<void> {
  const { system } = boot
  const write = async (path: string, text: string): Promise<void> => await system.write(path, text, { mode: 0o644, durable: false })
  await write(platformPaths.bootState, `${JSON.stringify(state, null, 2)}\n`)
  if (state.pool !== undefined) await write(bootFiles.environment, `SPIRULA_POOL=${state.pool}\nSPIRULA_MOUNTPOINT=${boot.mountpoint}\n`)
  if (state.state === 'ready') {
    // The daemon's log lies there, whether or not it lasts.
    await system.ensureDirectory('/var/log/spirula')
    await write(bootFiles.ready, '')
  }
  if (state.state === 'unset') await write(bootFiles.unset, '')
  else await system.remove(bootFiles.unset)
}
