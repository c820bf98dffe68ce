import { AppError } from '#contracts/errors.ts'
import type { BootEnvironment } from '#contracts/platform/boot-environment.ts'
import { removeImage } from '#host/boot/images.ts'
import { planForget } from '#plan/boot/decide.ts'
import { refuseRemoval } from '#plan/boot/refusals.ts'
import type { Command } from '../../cli/command.ts'
import { bringDevices, readSources } from './bring.ts'
import { dryRunOption, lockMs, reportOutcomes, requirePool, requireStamp, type Session, verboseOption, withSession } from './session.ts'
import { environmentsOf, readSurvey } from './survey.ts'

export const command: Command = {
  description: ['Takes the image off the pool and the boot partitions. The running image, the next one and the last good one stay.'],
  arguments: [
    { name: 'STAMP', summary: 'An installed image' },
    { name: 'POOL', summary: 'The system pool', optional: true },
  ],
  options: [dryRunOption, verboseOption],
  examples: [{ command: 'piadm remove 20261001T000000Z', summary: 'Removes an old image' }],
  run: (input, cli) =>
    withSession(input, cli, async (session) => {
      const stamp = requireStamp(input.args[0] ?? '')
      requirePool(session.host, input.args[1])
      return await session.host.exclusively(lockMs, async () => {
        const outcomes = await removeEverywhere(session, stamp)
        const code = reportOutcomes(cli, outcomes, { dryRun: session.dryRun, alreadyChanged: false })
        if (code === 0) cli.err(session.dryRun ? `${stamp} would be removed\n` : `Removed ${stamp}\n`)
        return code
      })
    }),
}

export async function removeEverywhere({ host, reporter, dryRun }: Session, stamp: string): Promise<Awaited<ReturnType<typeof bringDevices>>> {
  const survey = await readSurvey(host)
  const holders = survey.devices.filter(({ device, images }) => device.kind === 'disk' && images.some((image) => image.stamp === stamp))
  const stored = survey.store.some((image) => image.stamp === stamp)
  if (!stored && holders.length === 0) throw new AppError('NotFound', `The platform image ${stamp} is not installed.`, { hint: 'piadm list' })
  // A disk that cannot be read may have it as the good one; it does not lose it by this.
  const refusal = refuseRemoval(stamp, host.running.stamp === '' ? null : host.running.stamp, environmentsOf(survey))
  if (refusal !== null) throw new AppError('InvalidState', refusal)
  const sources = await readSources(host)
  sources.delete(stamp)
  const wish = { environment: (now: BootEnvironment) => planForget(now, stamp), forget: stamp, sources }
  const outcomes = await bringDevices(
    host,
    holders.map(({ device }) => device),
    wish,
    { dryRun, reporter },
  )
  // A disk that needs it could not be repaired without.
  if (stored && !dryRun && host.store !== null && outcomes.every((outcome) => outcome.problem === null)) await removeImage(host.store, stamp)
  return outcomes
}
