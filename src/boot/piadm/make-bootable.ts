import type { BootEnvironment } from '#contracts/platform/boot-environment.ts'
import { join } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import { platformDirectory } from '#contracts/platform/names.ts'
import { verifyImage } from '#host/boot/images.ts'
import type { BootDevice } from '#host/boot/parse.ts'
import type { BootHost } from './boot-host.ts'
import { bringDevices, readSources, type Outcome } from './bring.ts'
import type { Reporter } from './reporter.ts'
import { withSource } from './source.ts'
import { readSurvey, wholeOf } from './survey.ts'
import { createIncoming, openStore, storeImage } from './store.ts'

export interface BootableOptions {
  /** Where the image comes from; the running one, of the pool, a medium or the server, unless told. */
  source?: string
  reporter: Reporter
  env: Readonly<Record<string, string | undefined>>
  dryRun: boolean
}

/**
 * Makes a node start from its pool's disks: puts an image onto the pool, unless it is there, and it, the loader and an environment
 * that names it onto every disk's boot partition. For the first boot, and `piadm bootable -e`. Takes the lock.
 */
export async function makeBootable(host: BootHost, options: BootableOptions): Promise<Outcome[]> {
  return await host.exclusively(5000, async () => {
    // Before anything is copied.
    const devices = (await host.devices()).filter((device) => device.kind === 'disk')
    if (devices.length === 0) {
      throw new AppError('NotSupported', 'The disks of the pool have no boot partitions: this node keeps booting from its medium.', {
        hint: 'disks below 8 GB get none; others get them when a pool is made on whole disks',
      })
    }
    const stamp = await ensureStored(host, options)
    const sources = await readSources(host)
    // Not stored yet: its size is not known, and nothing is copied.
    if (options.dryRun && !sources.has(stamp)) sources.set(stamp, { directory: '', bytes: 0 })
    const wish = { environment: (now: BootEnvironment) => planFirst(now, stamp), sources }
    return await bringDevices(host, devices, wish, options)
  })
}

/** An environment that has decided something already stays. */
function planFirst(now: BootEnvironment, stamp: string): BootEnvironment {
  return now.good === undefined ? { ...now, default: stamp, good: stamp, tries: 0 } : now
}

/** Gives the stamp of the image that is to be booted: of the source that was named, else the running one. */
async function ensureStored(host: BootHost, { source, reporter, env, dryRun }: BootableOptions): Promise<string> {
  const { running } = host
  const store = await openStore(host)
  const present = await readSources(host)
  if (source === undefined && present.has(running.stamp)) return running.stamp
  const check = (stamp: string): 'keep' | 'replace' => (present.has(stamp) ? 'keep' : 'replace')
  const progress = { signal: host.context.signal, onBytes: reporter.bytes }
  const take = (directory: string, ready: boolean): Promise<string> =>
    dryRun ? verifyImage(directory, progress) : storeImage(host, directory, { ready, reporter, check })
  try {
    const medium = source === undefined ? await findRunning(host) : null
    if (medium !== null) return await host.open(medium, false, (root) => take(join(root, platformDirectory(running.stamp)), false))
    // Booted over the network: the server it came from has it, or one that is set may.
    const options = { host, reporter, env, scratch: () => createIncoming(store) }
    return await withSource(source ?? (running.url || running.stamp), options, ({ directory, ready }) => take(directory, ready))
  } finally {
    await openStore(host)
  }
}

/** The medium that has the running image; it is never another one that becomes the good one unseen. */
async function findRunning(host: BootHost): Promise<BootDevice | null> {
  const { devices } = await readSurvey(host)
  return devices.find(({ images }) => wholeOf(images).includes(host.running.stamp))?.device ?? null
}
