import type { BootEnvironment } from '#contracts/platform/boot-environment.ts'
import { AppError } from '#contracts/errors.ts'
import { bootTries } from '#contracts/platform/names.ts'
import { planActivate } from '#plan/boot/decide.ts'
import type { Cli, Command } from '../../cli/command.ts'
import { bringDevices, readSources } from './bring.ts'
import { dryRunOption, lockMs, reportOutcomes, requirePool, requireStamp, type Session, verboseOption, withSession } from './session.ts'
import { openStore, requireStored } from './store.ts'
import { readSurvey } from './survey.ts'

export const command: Command = {
  description: [
    `The next boot takes the image. When its health check fails ${bootTries} times, the last good one is booted in its place, by itself.`,
    'To go back to an older image, activate that.',
  ],
  arguments: [
    { name: 'STAMP', summary: 'An installed image' },
    { name: 'POOL', summary: 'The system pool', optional: true },
  ],
  options: [dryRunOption, verboseOption],
  examples: [{ command: 'piadm activate 20261123T120000Z', summary: 'Has the next boot take that image' }],
  run: (input, cli) =>
    withSession(input, cli, async (session) => {
      requirePool(session.host, input.args[1])
      return await activateImage(session, requireStamp(input.args[0] ?? ''), cli)
    }),
}

/** Activates an installed image on every disk; gives the exit code. Takes the lock. */
export async function activateImage({ host, reporter, dryRun }: Session, stamp: string, cli: Cli): Promise<number> {
  return await host.exclusively(lockMs, async () => {
    await requireStored(await openStore(host), stamp)
    const survey = await readSurvey(host)
    const disks = survey.devices.filter(({ device }) => device.kind === 'disk').map(({ device }) => device)
    if (disks.length === 0) {
      throw new AppError('NotSupported', 'The disks of the pool have no boot partitions, so nothing there can be activated.', {
        hint: `piadm usb ${stamp} puts it onto the medium this node boots from`,
      })
    }
    const sources = await readSources(host)
    const running = sources.has(host.running.stamp) ? host.running.stamp : ''
    const wish = { environment: (now: BootEnvironment) => planTrial(now, stamp, running), sources }
    const outcomes = await bringDevices(host, disks, wish, { dryRun, reporter })
    const code = reportOutcomes(cli, outcomes, { dryRun, alreadyChanged: false })
    if (!dryRun && outcomes.some((outcome) => outcome.problem === null)) cli.err(`${stamp} is booted next\n`)
    return code
  })
}

/** A disk that knows no good image yet falls back to the running one, when that can be had ('' when not: then there is nothing to fall back to, and no counting). */
export function planTrial(now: BootEnvironment, stamp: string, running: string): BootEnvironment {
  const known = now.good === undefined && running !== '' ? { ...now, good: running } : now
  return planActivate(known, stamp)
}
