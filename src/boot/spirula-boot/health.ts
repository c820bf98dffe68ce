import { join } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import { bootFiles, BootState } from '#contracts/platform/boot-state.ts'
import { platformPaths } from '#contracts/platform/names.ts'
import { readJsonFile } from '#host/fs/atomic.ts'
import { parseKernelArguments } from '#host/sys/parse.ts'
import { type BootArguments, parseBootArguments } from '#plan/start/boot-arguments.ts'
import { type Cli, type Command, optionValue } from '../../cli/command.ts'
import { checkBoot, type CheckResult } from '../health/check.ts'
import { messagesOf } from '../messages-of.ts'
import { createMarks } from '../health/marks.ts'
import { readPool, writeTexts } from '../health/texts.ts'
import { readUnitTimes } from '../health/times.ts'
import { readStamp } from '../start/stamp.ts'
import { ensureBundledImages } from '../images/ensure-bundled.ts'
import { createSystem, type System } from '../system.ts'

const defaultTimeoutS = 300
const log = '/var/log/spirula'

export const command: Command = {
  description: [
    'Waits until the pool, the node daemon and the machines that start with the node are there. Then this platform is noted',
    'as the good one on every disk of the pool. When they do not come, and the disks have a good platform that is not this',
    'one, the node reboots into that. The limit counts from the last progress; the kernel argument spirula.health_timeout sets it too.',
  ],
  arguments: [],
  options: [{ long: 'timeout', short: 't', value: 'SECONDS', summary: `Limit without progress; ${defaultTimeoutS} unless told` }],
  examples: [{ command: 'spirula-boot health', summary: 'Checks again; spirula-boot status shows what came of it' }],
  async run(input, cli) {
    const system = createSystem()
    const asked = parseBootArguments(parseKernelArguments((await system.read('/proc/cmdline')) ?? ''))
    const state = await readState(system, asked)
    const guestsFile = join(log, 'failing-guests.json')
    const result = await checkBoot({
      system,
      node: cli.node,
      marks: createMarks(system.context),
      state,
      timeoutMs: 1000 * parseTimeoutS(optionValue(input, 'timeout'), asked),
      readPoolHealth: async () => (state.pool === undefined ? null : ((await readPool(system, state.pool))?.health ?? null)),
      knownFailing: new Set(await readFailing(guestsFile)),
    })
    await writeResult(system, result)
    if (result.health.action === 'marked' && state.pool !== undefined) await system.write(guestsFile, JSON.stringify(result.failing), { mode: 0o644 })
    await writeTexts(system, state, result.health)
    if (state.state === 'ready' && result.health.action !== 'reboot') await installImages(cli)
    return await conclude(system, result, cli)
  },
}

/** A start that did not end, be it that it hung, is one that failed. */
async function readState(system: System, { medium }: BootArguments): Promise<BootState> {
  const written = BootState.safeParse(await readJsonFile(platformPaths.bootState).catch(() => null))
  if (written.success) return written.data
  const reason = 'The start of this node did not end: journalctl -u spirula-start'
  const stamp = await readStamp(system)
  return { state: 'failed', reason, stamp, medium, started_at: '', hostname: '', links: [], host_keys: [], problems: [], steps: [] }
}

function parseTimeoutS(option: string | undefined, { healthTimeoutS }: BootArguments): number {
  if (option === undefined) return healthTimeoutS ?? defaultTimeoutS
  if (!/^[1-9]\d{0,4}$/.test(option)) throw new AppError('Usage', `The timeout must be a number of seconds, but is "${option}".`)
  return Number(option)
}

async function readFailing(path: string): Promise<string[]> {
  const value = await readJsonFile(path).catch(() => null)
  return Array.isArray(value) ? value.filter((uuid) => typeof uuid === 'string') : []
}

/** Afterwards, as no boot is better or worse for it. */
async function installImages(cli: Cli): Promise<void> {
  const said = await ensureBundledImages(cli.node, platformPaths.images).catch((error: unknown) => [
    `The images of this platform were not installed: ${messagesOf(error)}`,
  ])
  for (const sentence of said) cli.out(`spirula: ${sentence}\n`)
}

async function writeResult(system: System, { health, times }: CheckResult): Promise<void> {
  const inMemory = { mode: 0o644, durable: false }
  await system.write(bootFiles.times, `${JSON.stringify({ ...(await readUnitTimes(system)), ...times }, null, 2)}\n`, inMemory)
  await system.write(bootFiles.health, `${JSON.stringify(health, null, 2)}\n`, inMemory)
  if (health.healthy || health.reasons.length === 0) return
  await system.ensureDirectory(log)
  await system.write(join(log, 'health.json'), `${JSON.stringify(health, null, 2)}\n`, { mode: 0o644 })
}

async function conclude(system: System, { health }: CheckResult, cli: Cli): Promise<number> {
  for (const reason of health.reasons) cli.out(`spirula: ${reason}\n`)
  if (health.action === 'marked') cli.out(`spirula: this boot is healthy; platform ${health.stamp} is the good one now.\n`)
  if (health.action !== 'reboot') return health.reasons.length === 0 ? 0 : 1
  cli.out(`spirula: platform ${health.stamp} is not healthy. The node reboots; the loader falls back to the last good platform.\n`)
  await system.run(['systemctl', '--no-block', 'reboot'])
  return 1
}
