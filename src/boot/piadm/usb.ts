import type { BootEnvironment } from '#contracts/platform/boot-environment.ts'
import { AppError } from '#contracts/errors.ts'
import { findMedium } from '#host/boot/devices.ts'
import { readImages, verifyImage } from '#host/boot/images.ts'
import { ensureDirectory, removeTree } from '#host/fs/atomic.ts'
import { join } from 'node:path'
import { platformDirectory, stampPattern } from '#contracts/platform/names.ts'
import type { Cli, Command } from '../../cli/command.ts'
import { planTrial } from './activate.ts'
import { bringDevices } from './bring.ts'
import { dryRunOption, lockMs, reportOutcomes, type Session, verboseOption, withSession } from './session.ts'
import { withSource } from './source.ts'

export const command: Command = {
  description: [
    'Puts an image onto a USB medium of Spirula in place, beside the one that is there, which goes when there is no room for both and it is not the last good one.',
    'On the medium that this node runs from it is a trial, as on disks; on another one it is simply the next.',
  ],
  arguments: [
    { name: 'SOURCE', summary: 'As for install; a stamp may also be one of the pool', complete: 'file' },
    { name: 'DEVICE', summary: 'The medium, such as /dev/sdb; the only one attached when not given', optional: true },
  ],
  options: [dryRunOption, verboseOption],
  examples: [{ command: 'piadm usb latest /dev/sdb', summary: 'Upgrades the medium in /dev/sdb' }],
  run: (input, cli) =>
    withSession(input, cli, async (session) => {
      const [source = '', device] = input.args
      return await session.host.exclusively(lockMs, () => upgradeMedium(session, { source, device }, cli))
    }),
}

async function upgradeMedium(session: Session, { source, device }: { source: string; device: string | undefined }, cli: Cli): Promise<number> {
  const { host, reporter, dryRun } = session
  const medium = findMedium(await host.devices(), device)
  if (medium.kind === 'iso')
    throw new AppError('NotSupported', `${medium.path} is an ISO, which cannot be written in place.`, { hint: 'write a USB image to the medium instead' })
  const scratch = join(host.store ?? '/run/spirula', `.incoming-${process.pid}`)
  const makeScratch = async (): Promise<string> => {
    await ensureDirectory(scratch, 0o700)
    return scratch
  }
  try {
    return await withSource(await findStored(session, source), { host, reporter, env: cli.env, scratch: makeScratch }, async ({ directory }) => {
      reporter.step('Verifying')
      let bytes = 0
      const count = (read: number): void => {
        bytes += read
        reporter.bytes(read)
      }
      const stamp = await verifyImage(directory, { signal: host.context.signal, onBytes: count })
      const trial = host.running.medium === 'usb'
      const wish = {
        environment: (now: BootEnvironment) => (trial ? planTrial(now, stamp, host.running.stamp) : { default: stamp, good: stamp, tries: 0 }),
        sources: new Map([[stamp, { directory, bytes: bytes + (1 << 16) }]]),
      }
      const outcomes = await bringDevices(host, [medium], wish, { dryRun, reporter })
      const code = reportOutcomes(cli, outcomes, { dryRun, alreadyChanged: false })
      if (code === 0 && !dryRun) cli.err(`${medium.disk} boots ${stamp} next\n`)
      return code
    })
  } finally {
    await removeTree(scratch)
  }
}

/** A stamp that the pool has means that one. */
async function findStored({ host }: Session, source: string): Promise<string> {
  if (!stampPattern.test(source) || host.store === null) return source
  const images = await readImages(host.store)
  const directory = join(host.store, platformDirectory(source))
  return images.some((image) => image.stamp === source && image.whole) ? directory : source
}
