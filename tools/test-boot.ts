import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { silentLog } from '#host/context.ts'
import { bootMachine } from '../test/boot/emulator.ts'
import { ensureMachine, type Machine } from '../test/boot/machine.ts'
import { createCheckoutDisk } from '../test/harness/checkout-disk.ts'
import { buildAll } from './build.ts'
import type { Outcome } from './command.ts'
import { addTotals, parseTestTotals, renderTotals, type Totals } from './totals.ts'

const root = join(import.meta.dirname, '..')
const cache = '/var/cache/spirula/boot'
/** Only against a guest that hangs. */
const bootLimitMs = 9 * 60_000
/** Files at a time: the guest's two processors. */
const lanes = 2

/** What a Debian with systemd as process 1 and btrfs is needed for; test/platform/acceptance.test.ts runs more under both, on ZFS. */
const files = ['test/host/lifecycle.test.ts', 'test/boot/tests/systemd-host.test.ts']

/**
 * Boots a Debian 13 of its own under QEMU, with systemd and cgroup v2 alone, which the machine that runs the
 * tests may not have, and runs host tests in there. `only` names files by part of their name.
 */
export async function runBootTests(only: readonly string[]): Promise<Totals> {
  const wanted = files.filter((file) => only.length === 0 || only.some((part) => file.includes(part)))
  const refusal = readRefusal()
  if (refusal !== null) {
    console.log(`boot tests: skipped, ${refusal}`)
    return { passed: 0, failed: 0, skipped: wanted.length }
  }
  const started = Date.now()
  await mkdir('/var/tmp', { recursive: true })
  const work = await mkdtemp('/var/tmp/spirula-boot-')
  try {
    const machine = await prepareMachine()
    return machine === null ? { passed: 0, failed: 1, skipped: 0 } : await bootAndRun(machine, work, wanted)
  } finally {
    await rm(work, { recursive: true, force: true })
    console.log(`boot tests took ${renderSeconds(Date.now() - started)}`)
  }
}

function readRefusal(): string | null {
  if (process.getuid?.() !== 0) return 'their images are made by root'
  if (process.arch !== 'x64') return `there is no guest for ${process.arch} yet`
  return null
}

async function prepareMachine(): Promise<Machine | null> {
  const started = Date.now()
  const context = { signal: AbortSignal.timeout(15 * 60_000), log: silentLog, now: () => new Date() }
  try {
    const machine = await ensureMachine(cache, context)
    console.log(`machine … ok (${renderSeconds(Date.now() - started)})`)
    return machine
  } catch (error) {
    console.log(`machine … FAILED: Debian 13 with QEMU could not be made below ${cache}`)
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) console.log(`    ${cause.message}`)
    return null
  }
}

async function bootAndRun(machine: Machine, work: string, wanted: readonly string[]): Promise<Totals> {
  const [checkout, results, console_] = ['checkout.img', 'results', 'console'].map((name) => join(work, name)) as [string, string, string]
  await buildAll(root)
  await createCheckoutDisk(root, checkout)
  await writeFile(results, '')
  const started = Date.now()
  const words = [`spirula.files=${wanted.join()}`, `spirula.lanes=${lanes}`]
  const ended = await bootMachine({ machine, checkout, results, console: console_, words, timeoutMs: bootLimitMs })
  const lines = readFileSync(results, 'utf8')
    .split('\n')
    .filter((line) => line.endsWith('}'))
  const reports = lines.map((line) => JSON.parse(line) as Partial<Outcome> & { file?: string; booted_ms?: number })
  const booted = reports.find((report) => report.booted_ms !== undefined)?.booted_ms
  console.log(
    `boot … ${booted === undefined ? 'FAILED' : `ok (${renderSeconds(booted)})`}, switched off ${ended ? 'by itself' : 'by force'} after ${renderSeconds(Date.now() - started)}`,
  )
  const totals = wanted.map((file) => readTotals(file, reports.find((report) => report.file === file) as Outcome | undefined))
  if (!ended || totals.some((one) => one.failed > 0)) console.log(tail(console_))
  const sum = addTotals(totals)
  console.log(`boot tests: ${renderTotals(sum)}`)
  return sum
}

/** A file that was never reported is one failed test. */
function readTotals(file: string, outcome: Outcome | undefined): Totals {
  if (outcome === undefined) {
    console.log(`${file} … FAILED: the machine ended before it did`)
    return { passed: 0, failed: 1, skipped: 0 }
  }
  const totals = parseTestTotals(outcome.output, outcome.status)
  console.log(`${file} … ${totals.failed === 0 ? 'ok' : 'FAILED'} (${renderSeconds(outcome.ms)}, ${renderTotals(totals)})`)
  if (totals.failed > 0) console.log(outcome.output.trimEnd().replaceAll(/^/gm, '    '))
  return totals
}

function tail(file: string): string {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  return `    console of the machine, its end:\n${text.slice(-6000).trimEnd().replaceAll(/^/gm, '    ')}`
}

function renderSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

if (import.meta.main) {
  const { failed } = await runBootTests(process.argv.slice(2))
  process.exitCode = failed === 0 ? 0 : 1
}
