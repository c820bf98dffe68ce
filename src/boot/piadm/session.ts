import { AppError } from '#contracts/errors.ts'
import { stampPattern } from '#contracts/platform/names.ts'
import { silentLog } from '#host/context.ts'
import type { Cli, Input, Option } from '../../cli/command.ts'
import { hasOption } from '../../cli/command.ts'
import { createBootHost, type BootHost } from './boot-host.ts'
import type { Outcome } from './bring.ts'
import { createReporter, type Reporter } from './reporter.ts'

export const verboseOption: Option = { long: 'verbose', short: 'v', summary: 'Prints each step on standard output' }
export const dryRunOption: Option = { long: 'dry-run', short: 'n', summary: 'Says what would be done, and changes nothing' }
export const jsonOption: Option = { long: 'json', short: 'j', summary: 'Prints one JSON document' }

/** How long a command waits for another one that changes images. */
export const lockMs = 5000

/** What a command works with. */
export interface Session {
  host: BootHost
  reporter: Reporter
  dryRun: boolean
}

/** Runs a command's work; Ctrl-C cancels it, and what was begun is cleaned up by the next command. */
export async function withSession(input: Input, cli: Cli, work: (session: Session) => Promise<number>): Promise<number> {
  const controller = new AbortController()
  const stop = cli.onInterrupt(() => controller.abort(new AppError('Cancelled', 'Cancelled.')))
  const reporter = createReporter(input, cli)
  try {
    const host = await createBootHost({ signal: controller.signal, log: silentLog, now: () => new Date() })
    return await work({ host, reporter, dryRun: hasOption(input, 'dry-run') })
  } finally {
    reporter.end()
    stop()
  }
}

/** Throws when the pool that was named is not the one of this node. */
export function requirePool(host: BootHost, named: string | undefined): void {
  if (named === undefined || named === host.pool) return
  throw new AppError(
    'NotFound',
    `Platform images are kept on the system pool only, not on ${named}.`,
    host.pool === '' ? {} : { hint: `leave the pool out, or name ${host.pool}` },
  )
}

export function requireStamp(text: string): string {
  if (stampPattern.test(text)) return text
  throw new AppError('Usage', `"${text}" is not a stamp such as 20261123T120000Z.`, { hint: 'piadm list' })
}

/**
 * Tells what became of the boot file systems and gives the exit code: 0 all done, 1 nothing could be changed, 2 some failed,
 * 3 one was left half changed.
 */
export function reportOutcomes(cli: Cli, outcomes: readonly Outcome[], options: { dryRun: boolean; alreadyChanged: boolean }): number {
  for (const { device, steps, left_out, problem } of outcomes) {
    if (options.dryRun) cli.out(`${device}: ${steps.length === 0 ? 'nothing to do' : steps.join(', ')}\n`)
    if (left_out.length > 0 && problem === null) cli.err(`note: ${device} has no room for ${left_out.join(', ')}; the pool keeps them\n`)
    if (problem !== null) cli.err(`piadm: ${device}: ${problem}\n`)
  }
  const failed = outcomes.filter((outcome) => outcome.problem !== null)
  if (failed.length === 0) return 0
  if (failed.some((outcome) => outcome.part_way)) {
    cli.err(`hint: piadm sync, before the next reboot\n`)
    return 3
  }
  return options.alreadyChanged || failed.length < outcomes.length ? 2 : 1
}
