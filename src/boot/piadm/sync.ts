import type { BootEnvironment } from '#contracts/platform/boot-environment.ts'
import { AppError } from '#contracts/errors.ts'
import type { Command } from '../../cli/command.ts'
import { bringDevices, readSources } from './bring.ts'
import { dryRunOption, lockMs, reportOutcomes, requirePool, type Session, verboseOption, withSession } from './session.ts'
import { readSurvey, type Survey } from './survey.ts'

export const command: Command = {
  description: [
    'Makes every boot partition of the pool what it should be: file system, loader, images, and what is booted next.',
    'To be run after a disk was replaced; partitions that have no boot file system get one. /zones/boot/custom.cfg, the settings of the boot menu, is copied too.',
  ],
  arguments: [{ name: 'POOL', summary: 'The system pool', optional: true }],
  options: [dryRunOption, verboseOption],
  examples: [{ command: 'piadm sync', summary: 'Repairs the boot partitions' }],
  run: (input, cli) =>
    withSession(input, cli, async (session) => {
      requirePool(session.host, input.args[0])
      return await session.host.exclusively(lockMs, async () => {
        const outcomes = await syncDisks(session)
        const changed = outcomes.filter((outcome) => outcome.problem === null && outcome.steps.length > 0)
        const code = reportOutcomes(cli, outcomes, { dryRun: session.dryRun, alreadyChanged: false })
        if (!session.dryRun) for (const { device, steps } of changed) cli.err(`${device}: ${steps.join(', ')}\n`)
        if (changed.length === 0 && code === 0) cli.err('All boot partitions are as they should be\n')
        return code
      })
    }),
}

/** Brings all disks to what the first readable one has decided. Under the lock. */
export async function syncDisks({ host, reporter, dryRun }: Pick<Session, 'host' | 'reporter' | 'dryRun'>): Promise<Awaited<ReturnType<typeof bringDevices>>> {
  const survey = await readSurvey(host)
  const disks = survey.devices.filter(({ device }) => device.kind === 'disk').map(({ device }) => device)
  if (disks.length === 0)
    throw new AppError('NotSupported', 'The disks of the pool have no boot partitions.', { hint: 'this node boots from another medium: piadm usb' })
  const sources = await readSources(host)
  const shared = sharedEnvironment(survey, sources.has(host.running.stamp) ? host.running.stamp : '')
  return await bringDevices(host, disks, { environment: () => shared, sources }, { dryRun, reporter })
}

/** What the disks should agree on: the state of the one that decided last, as a trial that has begun has fewer boots left elsewhere. */
export function sharedEnvironment(survey: Survey, running: string): BootEnvironment {
  const decided = survey.devices.filter(({ device, environment, problem }) => device.kind === 'disk' && problem === null && environment.good !== undefined)
  const first = decided.toSorted((a, b) => rank(a.environment) - rank(b.environment))[0]
  if (first !== undefined) return first.environment
  if (running === '')
    throw new AppError('InvalidState', 'No disk says which image is good, and the pool does not have the running one.', { hint: 'piadm bootable -e' })
  return { default: running, good: running, tries: 0 }
}

/** Trials before settled ones, and of trials the one with the fewest boots left. */
function rank({ default: chosen, good, tries }: BootEnvironment): number {
  return chosen === good ? 10 : tries
}
