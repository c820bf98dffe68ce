import { join } from 'node:path'
import type { BootEnvironment } from '#contracts/platform/boot-environment.ts'
import { platformDirectory } from '#contracts/platform/names.ts'
import { AppError } from '#contracts/errors.ts'
import { readEnvironmentBlock, writeEnvironmentBlock } from '#host/boot/environment.ts'
import { copyImage, readImages, removeImage, sealImage } from '#host/boot/images.ts'
import { ensureLoaderFiles } from '#host/boot/loader.ts'
import type { BootDevice } from '#host/boot/parse.ts'
import { readFile } from 'node:fs/promises'
import { parseEnvironment, renderEnvironment } from '#plan/boot/environment.ts'
import { planBootFileSystem, type BootStep } from '#plan/boot/file-system.ts'
import type { BootHost } from './boot-host.ts'
import type { Reporter } from './reporter.ts'
import { readRoot, sentenceOf, wholeOf, type DeviceState } from './survey.ts'

/** What boot file systems shall become. */
export interface Wish {
  environment(now: BootEnvironment): BootEnvironment
  /** An image that must be there. */
  also?: string
  forget?: string
  /** Directories of whole images to copy from, by stamp. */
  sources: ReadonlyMap<string, { directory: string; bytes: number }>
}

/** What became of one boot file system. */
export interface Outcome {
  device: string
  steps: string[]
  /** Images of the pool that did not fit. */
  left_out: string[]
  /** A sentence when it failed. */
  problem: string | null
  /** It failed while something was being changed on it. */
  part_way: boolean
}

/** Images of the pool as sources. */
export async function readSources(host: BootHost): Promise<Map<string, { directory: string; bytes: number }>> {
  const { store } = host
  if (store === null) return new Map()
  const whole = (await readImages(store)).filter((image) => image.whole)
  return new Map(whole.map(({ stamp, bytes }) => [stamp, { directory: join(store, platformDirectory(stamp)), bytes }]))
}

/** Brings them to it, one after the other, so that at any time all but one can be booted from. One that fails does not keep the next from being done. */
export async function bringDevices(
  host: BootHost,
  devices: readonly BootDevice[],
  wish: Wish,
  options: { dryRun: boolean; reporter: Reporter },
): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (const device of devices) {
    const outcome: Outcome = { device: device.path, steps: [], left_out: [], problem: null, part_way: false }
    outcomes.push(outcome)
    try {
      await bringDevice({ host, device, wish, reporter: options.reporter, dryRun: options.dryRun, outcome })
    } catch (error) {
      outcome.problem = sentenceOf(error)
    }
  }
  options.reporter.end()
  return outcomes
}

interface Work {
  host: BootHost
  device: BootDevice
  wish: Wish
  reporter: Reporter
  dryRun: boolean
  outcome: Outcome
}

async function bringDevice(work: Work): Promise<void> {
  const { host, device, outcome, dryRun, wish } = work
  if (!device.formatted && dryRun) {
    const empty: DeviceState = { device, environment: { tries: 0 }, images: [], freeBytes: device.sizeBytes, problem: null }
    outcome.steps.push(`make the boot file system`, ...planSteps(work, empty).map(renderStep))
    return
  }
  if (!device.formatted) await host.format(device)
  const steps = await host.open(device, !dryRun, async (root) => {
    const planned = planSteps(work, await readRoot(root, device))
    outcome.steps.push(...planned.map(renderStep))
    if (!dryRun) await doFirst(work, root, planned)
    return planned
  })
  if (dryRun) return
  await finish(work, steps, wish)
  if (await host.ensureBios(device)) outcome.steps.push('write the BIOS loader')
  outcome.part_way = false
}

function planSteps({ host, wish, outcome }: Work, state: DeviceState): BootStep[] {
  const plan = planBootFileSystem(state, {
    environment: wish.environment(state.environment),
    available: new Map([...wish.sources].map(([stamp, { bytes }]) => [stamp, bytes])),
    ...(wish.also === undefined ? {} : { also: wish.also }),
    ...(wish.forget === undefined ? {} : { forget: wish.forget }),
    running: host.running.stamp === '' ? null : host.running.stamp,
  })
  if ('refusal' in plan) throw new AppError('NoSpace', `The boot file system ${state.device.path} was left as it is: ${plan.refusal}.`)
  outcome.left_out = plan.left_out
  const last = plan.steps.at(-1)
  const settled = last?.kind === 'environment.write' && JSON.stringify(last.environment) === JSON.stringify(state.environment)
  return settled ? plan.steps.slice(0, -1) : plan.steps
}

function renderStep(step: BootStep): string {
  if (step.kind === 'environment.write') return `boot ${step.environment.default ?? 'the newest'} next`
  return `${step.kind === 'image.copy' ? 'copy' : 'remove'} ${step.stamp}`
}

/** All but what makes the copies count. */
async function doFirst({ host, device, wish, reporter, outcome }: Work, root: string, steps: readonly BootStep[]): Promise<void> {
  outcome.part_way = true
  const operator = await readFile(host.operatorMenu).catch(() => null)
  const last = steps.findLastIndex((step) => step.kind !== 'environment.write')
  for (const step of steps.slice(0, last + 1)) {
    if (step.kind === 'environment.write') await writeEnvironment(root, step.environment)
    else if (step.kind === 'image.remove') await removeImage(root, step.stamp)
    else {
      const { directory, bytes } = sourceOf(wish, step.stamp)
      reporter.step(`${device.path}: copying ${step.stamp}`)
      reporter.expect(bytes)
      await copyImage(directory, root, step.stamp, { signal: host.context.signal, onBytes: reporter.bytes })
    }
  }
  const medium = device.kind === 'usb' ? 'usb' : 'disk'
  if (await ensureLoaderFiles(root, { loader: host.loader, medium, operator })) outcome.steps.push('write the loader')
}

/** A new mount, so that the copies are read from the disk when they are verified; the environment comes last. */
async function finish({ host, device, reporter }: Work, steps: readonly BootStep[], wish: Wish): Promise<void> {
  const copies = steps.flatMap((step) => (step.kind === 'image.copy' ? [step.stamp] : []))
  const last = steps.at(-1)
  if (copies.length === 0 && last?.kind !== 'environment.write') return
  await host.open(device, true, async (root) => {
    for (const stamp of copies) {
      const { directory, bytes } = sourceOf(wish, stamp)
      reporter.step(`${device.path}: verifying ${stamp}`)
      reporter.expect(bytes)
      await sealImage(directory, root, stamp, { signal: host.context.signal, onBytes: reporter.bytes })
    }
    if (last?.kind === 'environment.write') await writeEnvironment(root, last.environment)
  })
}

function sourceOf(wish: Wish, stamp: string): { directory: string; bytes: number } {
  const source = wish.sources.get(stamp)
  if (source === undefined) throw new AppError('NotFound', `There is no image ${stamp} to copy.`)
  return source
}

/** Writes our part of the environment; variables of others stay. */
export async function writeEnvironment(root: string, environment: BootEnvironment): Promise<void> {
  const { others } = parseEnvironment(await readEnvironmentBlock(root))
  await writeEnvironmentBlock(root, renderEnvironment({ environment, others }))
}

/** True when that file system has an image its loader can take. */
export function isBootable(state: DeviceState): boolean {
  return state.problem === null && wholeOf(state.images).length > 0
}
