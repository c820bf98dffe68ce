import { join } from 'node:path'
import { type Outcome, runLanes, runTool } from './command.ts'
import { addTotals, parseTestTotals, renderTotals, type Totals } from './totals.ts'

const root = join(import.meta.dirname, '..')
const bin = (name: string): string => join(root, 'node_modules/.bin', name)

interface Step {
  name: string
  argv: readonly string[]
  /** The output is that of `node --test`; else the step counts as one test. */
  tests?: true
}

/** Everything a change must pass, the slowest first: two lanes then end together. */
const steps: readonly Step[] = [
  { name: 'unit tests and promises', argv: [process.execPath, '--test', 'src/**/*.test.ts', 'tools/**/*.test.ts', 'test/promises/*.test.ts'], tests: true },
  { name: 'types', argv: [bin('tsc'), '-p', '.'] },
  { name: 'lint', argv: [bin('oxlint'), '--type-aware', 'src', 'tools', 'test'] },
  { name: 'dead code', argv: [bin('knip'), '--no-progress'] },
  { name: 'imports', argv: [process.execPath, 'tools/imports.ts'] },
  { name: 'house rules', argv: [process.execPath, 'tools/house/main.ts'] },
  { name: 'format', argv: [bin('oxfmt'), '--list-different', 'src', 'tools', 'test'] },
]

/** Runs the check, a line a step; gives the counts. */
export async function runCheck(): Promise<Totals> {
  const started = performance.now()
  let ended = 0
  const totals = await runLanes(steps, 2, async (step) => {
    const outcome = await runTool(step.argv, { cwd: root })
    ended += 1
    report(step, outcome, `[${ended}/${steps.length}]`)
    return totalsOf(step, outcome)
  })
  const sum = addTotals(totals)
  console.log(`check: ${renderTotals(sum)} in ${seconds(performance.now() - started)}`)
  return sum
}

function totalsOf(step: Step, outcome: Outcome): Totals {
  if (step.tests) return parseTestTotals(outcome.output, outcome.status)
  return outcome.status === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 }
}

function report(step: Step, outcome: Outcome, place: string): void {
  const counts = step.tests ? `, ${renderTotals(totalsOf(step, outcome))}` : ''
  console.log(`${place} ${step.name} … ${outcome.status === 0 ? 'ok' : 'FAILED'} (${seconds(outcome.ms)}${counts})`)
  if (outcome.status !== 0) console.log(failureText(step, outcome.output))
}

/** Of a test run only what follows the list of passed tests is worth reading. */
function failureText(step: Step, output: string): string {
  const at = step.tests ? output.indexOf('✖ failing tests:') : -1
  return (at < 0 ? output : output.slice(at)).trimEnd().replaceAll(/^/gm, '    ')
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

if (import.meta.main) {
  const { failed } = await runCheck()
  process.exitCode = failed === 0 ? 0 : 1
}
