import { existsSync, readdirSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { silentLog } from '#host/context.ts'
import { createProgress } from '#lib/progress.ts'
import { tools as bootTools } from '../src/boot/tools.ts'
import { tools as cliTools } from '../src/cli/tools.ts'
import { buildPlatform, buildSteps } from '../src/platform/build/build.ts'
import type { LabFile } from '../test/platform/lab.ts'
import { buildAll } from './build.ts'
import { runTool } from './command.ts'
import { addTotals, parseTestTotals, renderTotals, type Totals } from './totals.ts'

const root = join(import.meta.dirname, '..')
const folder = 'test/platform'
const cache = '/var/cache/spirula/platform'
/** Only against a guest that hangs. */
const fileLimitMs = 30 * 60_000
/** What runs unless files are named: all but what takes longest of what changes least, the power cuts above all. */
const usual = ['acceptance', 'install', 'media', 'reproducible', 'rescue', 'upgrade']
/** The stamps of the two images; fixed, as an image's bytes hang on it. */
const stamps = { first: '20260101T000000Z', second: '20260102T000000Z' } as const

/**
 * Builds two platform images of this checkout and boots them under QEMU: `test/platform`, the usual files or those
 * named by part of their name. SPIRULA_PLATFORM_LAB names a directory to keep, images and disks included, for the next run.
 */
export async function runPlatformTests(only: readonly string[]): Promise<Totals> {
  const all = readdirSync(join(root, folder)).filter((name) => name.endsWith('.test.ts'))
  const files = all.filter((name) => (only.length === 0 ? usual : only).some((part) => name.includes(part))).toSorted()
  if (only.length === 0) console.log(`run by name only: ${all.filter((name) => !files.includes(name)).join(', ')}`)
  if (process.getuid?.() !== 0) {
    console.log('platform tests: skipped, their images are made by root')
    return { passed: 0, failed: 0, skipped: files.length }
  }
  const started = performance.now()
  const kept = process.env['SPIRULA_PLATFORM_LAB']
  await mkdir('/var/tmp', { recursive: true })
  const lab = kept ?? (await mkdtemp('/var/tmp/spirula-platform-'))
  try {
    if (!(await ensureImages(lab))) return { passed: 0, failed: 1, skipped: 0 }
    // One after the other: under emulation a second guest makes the first twice as slow.
    const totals: Totals[] = []
    for (const file of files) totals.push(await runFile(file, lab))
    const sum = addTotals(totals)
    console.log(`platform tests: ${renderTotals(sum)} in ${renderSeconds(performance.now() - started)}`)
    return sum
  } finally {
    if (kept === undefined) await rm(lab, { recursive: true, force: true })
  }
}

async function ensureImages(lab: string): Promise<boolean> {
  if (existsSync(join(lab, 'lab.json'))) return true
  try {
    await mkdir(lab, { recursive: true })
    await buildAll(root)
    const first = await buildImage(lab, 'first')
    const second = await buildImage(lab, 'second')
    const file: LabFile = { first, second }
    await writeFile(join(lab, 'lab.json'), JSON.stringify(file))
    return true
  } catch (error) {
    console.log('images … FAILED')
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) console.log(`    ${cause.message}`)
    return false
  }
}

/** The first as it is released; the second only has to be another one. */
async function buildImage(lab: string, which: 'first' | 'second'): Promise<string> {
  const media = which === 'first'
  const context = { signal: AbortSignal.timeout(60 * 60_000), log: silentLog, now: () => new Date() }
  const progress = createProgress(process.stdout, { first: 1, total: buildSteps.image + (media ? buildSteps.media : 0) })
  const options = { checkout: root, output: join(lab, 'images'), cache, stamp: stamps[which], media, fresh: false, rootPasswordHash: null }
  const tools = { cli: Object.keys(cliTools), boot: Object.keys(bootTools) }
  return (await buildPlatform({ ...options, level: media ? 15 : 3, tools }, progress, context)).directory
}

async function runFile(file: string, lab: string): Promise<Totals> {
  const argv = [process.execPath, '--test', join(folder, file)]
  const { status, output, ms } = await runTool(argv, { cwd: root, env: { SPIRULA_PLATFORM_LAB: lab }, timeoutMs: fileLimitMs })
  const totals = parseTestTotals(output, status)
  console.log(`${file} … ${totals.failed === 0 ? 'ok' : 'FAILED'} (${renderSeconds(ms)}, ${renderTotals(totals)})`)
  if (totals.failed > 0) console.log(output.trimEnd().replaceAll(/^/gm, '    '))
  else for (const line of output.split('\n').filter((one) => /^\s*(?:# )?(?:times|memory|sizes): /.test(one))) console.log(`    ${line.trim()}`)
  return totals
}

function renderSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

if (import.meta.main) {
  const totals = await runPlatformTests(process.argv.slice(2))
  console.log(renderTotals(totals))
  process.exitCode = totals.failed === 0 ? 0 : 1
}
