import { AppError } from '#contracts/errors.ts'
import { type Custom, customPaths, type CustomReport, type CustomResult, parseCustom } from '#contracts/platform/custom.ts'
import type { CustomItem, CustomStep } from '#plan/custom/facts.ts'
import { planCustom } from '#plan/custom/plan.ts'
import { unitTarget } from '#plan/custom/units.ts'
import { createPackageFiles } from '../package/merge.ts'
import type { System } from '../system.ts'
import { readCustomFacts } from './read-facts.ts'
import { runCustomStep } from './steps.ts'

/**
 * What is done together, on facts read just before: packages bring shells, modules bring settings. Files of units come
 * twice: first they are written, then, when systemd has read them all, they are started.
 */
const phases: readonly (readonly CustomItem['kind'][])[] = [
  ['module', 'package'],
  ['user', 'root_keys', 'file', 'sysctl', 'unit_file', 'disabled_unit'],
  ['unit_file', 'unit'],
]

/** The declaration of this node; an empty one when there is none. Throws when it cannot be used. */
export async function readCustom(system: System, path: string = customPaths.declaration): Promise<Custom> {
  return parseCustom((await system.read(path)) ?? '{}', path)
}

/**
 * Makes the machine as declared and notes what came of each thing in /run. What fails is noted and the others go on.
 * Never throws: a boot goes on without what was declared.
 */
export async function applyCustom(system: System): Promise<CustomReport> {
  const at = system.context.now().toISOString()
  const report: CustomReport = { at, ...(await applyAll(system).catch((error: unknown) => ({ refused: sentenceOf(error), results: [] }))) }
  await system.ensureDirectory('/run/spirula').catch(() => {})
  await system.write(customPaths.report, `${JSON.stringify(report, null, 2)}\n`, { durable: false }).catch(() => {})
  return report
}

async function applyAll(system: System): Promise<{ results: CustomResult[] }> {
  const custom = await readCustom(system)
  const results = new Map<string, CustomResult>()
  let changed = false
  for (const kinds of phases) {
    const items = planCustom(await readCustomFacts(system, custom), custom).filter(({ kind }) => kinds.includes(kind))
    // Steps that several things need are done once; who needs a failed one fails with it.
    const tried = new Map<string, string | null>()
    for (const item of items) results.set(`${item.kind} ${item.name}`, await applyItem(system, item, tried))
    changed ||= items.some(({ steps }) => steps.some((step) => isReadBySystemd(step)))
    if (kinds.includes('unit_file') && changed) await system.run(['systemctl', 'daemon-reload'])
    changed &&= !kinds.includes('unit_file')
    if (kinds.includes('user') && custom.packages.length > 0) await createPackageFiles(system)
  }
  return { results: [...results.values()] }
}

/** Reading all units takes a while, so it is done once. */
function isReadBySystemd(step: CustomStep): boolean {
  return step.kind === 'packages.merge' || step.kind === 'unit.stop' || (step.kind === 'file.write' && step.path.startsWith(unitTarget))
}

async function applyItem(system: System, { kind, name, steps, problem }: CustomItem, tried: Map<string, string | null>): Promise<CustomResult> {
  if (problem !== undefined) return { kind, name, state: 'failed', reason: problem }
  for (const step of steps) {
    const key = JSON.stringify(step)
    const again = step.kind === 'packages.merge' ? tried.get(key) : undefined
    const failure = again === undefined ? await tryStep(async () => await runCustomStep(system, step)) : again
    tried.set(key, failure)
    if (failure !== null) return { kind, name, state: 'failed', reason: failure }
  }
  return { kind, name, state: 'applied' }
}

async function tryStep(action: () => Promise<void>): Promise<string | null> {
  return await action().then(
    () => null,
    (error: unknown) => sentenceOf(error),
  )
}

/** An error and its causes, on one line. */
export function sentenceOf(error: unknown): string {
  const messages: string[] = []
  for (let at: unknown = error; at instanceof Error && messages.length < 5; at = at.cause) messages.push(at.message)
  const details = error instanceof AppError ? (error.details ?? []).slice(1).map(({ path, message }) => `${path}: ${message}.`) : []
  return [...messages, ...details].join(' ').replace(/\s+/g, ' ').slice(0, 1000)
}

/** Each declared thing as it is now, with the reason of this boot where it failed. Throws when the declaration cannot be used. */
export async function readCustomStates(system: System): Promise<CustomResult[]> {
  const custom = await readCustom(system)
  const last = parseReport(await system.read(customPaths.report))
  return planCustom(await readCustomFacts(system, custom), custom).map(({ kind, name, steps, problem }): CustomResult => {
    if (problem !== undefined) return { kind, name, state: 'failed', reason: problem }
    if (steps.length === 0) return { kind, name, state: 'applied' }
    const failed = last.find((result) => result.kind === kind && result.name === name && result.state === 'failed')
    return failed ?? { kind, name, state: 'differs', reason: 'It is not as declared; type: spirula-boot custom apply.' }
  })
}

function parseReport(text: string | null): CustomResult[] {
  if (text === null) return []
  try {
    return (JSON.parse(text) as CustomReport).results
  } catch {
    return []
  }
}
