import { writeFileSync } from 'node:fs'
import { runBootTests } from './test-boot.ts'
import { runPlatformTests } from './test-platform.ts'
import { runCheck } from './check.ts'
import { expendableMarker, runHostTests } from './test-host.ts'
import { addTotals, renderTotals, type Totals } from './totals.ts'

/** Every tier that exists, the quick one first. */
const tiers: Record<string, () => Promise<Totals>> = {
  check: runCheck,
  host: () => runHostTests([]),
  boot: () => runBootTests([]),
  platform: () => runPlatformTests([]),
}

const usage = `usage: ./spirula test [--expendable] [TIER…]

Runs all tiers, or those named: ${Object.keys(tiers).join(', ')}.
--expendable  mark this machine as one that tests may break (${expendableMarker}); without the mark
              the host tier, which needs root and changes the machine, is skipped and counted as such
`

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(usage)
    return 0
  }
  const named = args.filter((arg) => arg !== '--expendable')
  const unknown = named.find((name) => !Object.hasOwn(tiers, name))
  if (unknown !== undefined) {
    console.error(`spirula test: there is no tier called ${unknown}\n\n${usage}`)
    return 2
  }
  if (args.includes('--expendable')) writeFileSync(expendableMarker, 'Tests may break this machine.\n')
  const totals: Totals[] = []
  for (const name of named.length > 0 ? named : Object.keys(tiers)) {
    console.log(`== ${name}`)
    totals.push(await tiers[name]!())
  }
  const sum = addTotals(totals)
  console.log(renderTotals(sum))
  return sum.failed === 0 ? 0 : 1
}

process.exitCode = await main(process.argv.slice(2))
