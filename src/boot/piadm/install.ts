import { AppError } from '#contracts/errors.ts'
import { verifyImage } from '#host/boot/images.ts'
import { refuseOverwrite } from '#plan/boot/refusals.ts'
import { hasOption, type Command } from '../../cli/command.ts'
import { bringDevices, readSources } from './bring.ts'
import { dryRunOption, lockMs, reportOutcomes, requirePool, type Session, verboseOption, withSession } from './session.ts'
import { withSource } from './source.ts'
import { createIncoming, openStore, storeImage } from './store.ts'
import { environmentsOf, readSurvey, type Survey, wholeOf } from './survey.ts'

export const command: Command = {
  description: [
    'The image is verified (checksums and manifest) before anything changes, then kept on the pool, and copied to the boot partitions as far as there is room.',
    'It is not booted before piadm activate. An installed image is never written over while it is the last good or the running one.',
  ],
  arguments: [
    {
      name: 'SOURCE',
      summary: 'A stamp or latest (from the server), media (an attached medium), a platform directory, an ISO, a USB image, a tar archive, or an http address',
      complete: 'file',
    },
    { name: 'POOL', summary: 'The system pool', optional: true },
  ],
  options: [{ long: 'activate', short: 'a', summary: 'Has the next boot take it' }, dryRunOption, verboseOption],
  examples: [
    { command: 'piadm install latest', summary: 'The newest image of the server' },
    { command: 'piadm install ./spirula.iso', summary: 'The image of an ISO' },
  ],
  run: (input, cli) =>
    withSession(input, cli, async (session) => {
      requirePool(session.host, input.args[1])
      const stamp = await session.host.exclusively(lockMs, () => installImage(session, input.args[0] ?? '', cli.env))
      if (session.dryRun) {
        cli.out(`${stamp} would be installed\n`)
        return 0
      }
      if (hasOption(input, 'activate')) return await (await import('./activate.ts')).activateImage(session, stamp, cli)
      const outcomes = await session.host.exclusively(lockMs, () => copyToDisks(session))
      session.reporter.end()
      cli.err(`Installed ${stamp}; piadm activate ${stamp} has the next boot take it\n`)
      return reportOutcomes(cli, outcomes, { dryRun: false, alreadyChanged: true })
    }),
}

/** Puts it onto the pool; gives its stamp. */
export async function installImage({ host, reporter, dryRun }: Session, source: string, env: Parameters<typeof withSource>[1]['env']): Promise<string> {
  const store = await openStore(host)
  const survey = await readSurvey(host)
  const check = (stamp: string): 'replace' => checkNew(survey, host.running.stamp, stamp)
  try {
    return await withSource(source, { host, reporter, env, scratch: () => createIncoming(store) }, async ({ directory, ready }) => {
      if (!dryRun) return await storeImage(host, directory, { ready, reporter, check })
      reporter.step('Verifying')
      const stamp = await verifyImage(directory, { signal: host.context.signal, onBytes: reporter.bytes })
      check(stamp)
      return stamp
    })
  } finally {
    await openStore(host)
  }
}

/** A whole image is never written over; one that lost files is repaired. What lies on the disks is not touched either way. */
function checkNew(survey: Survey, running: string, stamp: string): 'replace' {
  if (!wholeOf(survey.store).includes(stamp)) return 'replace'
  const refusal = refuseOverwrite(stamp, running, environmentsOf(survey))
  throw new AppError('ImageExists', refusal ?? `The platform image ${stamp} is installed already.`, { hint: `piadm activate ${stamp}` })
}

/** Nothing about what is booted changes: the image only comes nearer, where there is room. */
export async function copyToDisks({ host, reporter, dryRun }: Session): Promise<Awaited<ReturnType<typeof bringDevices>>> {
  const disks = (await host.devices()).filter((device) => device.kind === 'disk' && device.formatted)
  return await bringDevices(host, disks, { environment: (now) => now, sources: await readSources(host) }, { dryRun, reporter })
}
