import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parsePlace, renderNamespaced } from '../test/harness/namespaced.ts'
import { runLanes, runTool } from './command.ts'
import { addTotals, parseTestTotals, renderTotals, type Totals } from './totals.ts'

const root = join(import.meta.dirname, '..')
const folder = 'test/host'
/** Made by hand or by `--expendable`: whoever owns the machine says that tests may break it. */
export const expendableMarker = '/etc/spirula-expendable'
const fileLimitMs = 8 * 60_000

/**
 * Runs the tests that need root and the real kernel, two files at a time, each in namespaces of its own.
 * `only` names files by part of their name. A machine nobody marked as expendable is left alone: then all
 * files are counted as skipped.
 */
export async function runHostTests(only: readonly string[]): Promise<Totals> {
  const all = existsSync(join(root, folder))
    ? readdirSync(join(root, folder))
        .filter((name) => name.endsWith('.test.ts'))
        .toSorted()
    : []
  const files = all.filter((name) => only.length === 0 || only.some((part) => name.includes(part)))
  const refusal = readRefusal()
  if (refusal !== null) {
    console.log(`host tests: skipped, ${refusal}`)
    return { passed: 0, failed: 0, skipped: files.length }
  }
  await prepareImages()
  const before = listLoops()
  const sum = addTotals(await runLanes(files, 2, runFile))
  const left = listLoops().filter((line) => !before.includes(line))
  for (const line of left) console.log(`left behind: ${line}`)
  console.log(`host tests: ${renderTotals(sum)}`)
  return sum
}

/** Tests have no network; what they need of Debian is fetched here, once, into the cache. */
async function prepareImages(): Promise<void> {
  const { status, output, ms } = await runTool([process.execPath, 'src/image/main.ts'], { cwd: root })
  console.log(`first images … ${status === 0 ? 'ok' : 'FAILED'} (${(ms / 1000).toFixed(1)} s)`)
  if (status !== 0) console.log(output)
}

function readRefusal(): string | null {
  if (process.getuid?.() !== 0) return 'they need root'
  if (!existsSync(expendableMarker))
    return `this machine is not marked as expendable: \`./spirula test --expendable\` marks it (${expendableMarker}) and runs them`
  return null
}

async function runFile(name: string): Promise<Totals> {
  const file = join(folder, name)
  const place = parsePlace(readFileSync(join(root, file), 'utf8'))
  const argv = [process.execPath, '--test', file]
  const outcome = await runTool(place === 'host' ? argv : renderNamespaced(argv), { cwd: root, timeoutMs: fileLimitMs })
  const totals = parseTestTotals(outcome.output, outcome.status)
  console.log(`${file} … ${totals.failed === 0 ? 'ok' : 'FAILED'} (${(outcome.ms / 1000).toFixed(1)} s, ${renderTotals(totals)})`)
  for (const [, skip] of outcome.output.matchAll(/^\s*﹣ (.*# .*)$/gm)) console.log(`    skipped: ${skip}`)
  if (totals.failed > 0) console.log(outcome.output.trimEnd().replaceAll(/^/gm, '    '))
  return totals
}

/** Loop devices in use, a line each: a test that leaves one behind leaves a mount or a pool behind too. */
function listLoops(): string[] {
  const { stdout } = spawnSync('losetup', ['--list', '--noheadings', '--output', 'NAME,BACK-FILE'], { encoding: 'utf8' })
  return (stdout ?? '').split('\n').filter((line) => line !== '')
}

if (import.meta.main) {
  const { failed } = await runHostTests(process.argv.slice(2))
  process.exitCode = failed === 0 ? 0 : 1
}
