import { existsSync } from 'node:fs'
import { operatorMenuFile } from '#contracts/platform/loader.ts'
import { bootArguments, bootLabel, platformPaths, stampPattern, systemDatasets, systemPool } from '#contracts/platform/names.ts'
import type { Context } from '#host/context.ts'
import { readJsonFile, readTextFile } from '#host/fs/atomic.ts'
import { renderMakeFat } from '#host/boot/argv.ts'
import { readBootDevices } from '#host/boot/devices.ts'
import { ensureBiosLoader } from '#host/boot/loader.ts'
import { withLock } from '#host/boot/lock.ts'
import { removeStaleMounts, withMounted } from '#host/boot/mount.ts'
import type { BootDevice } from '#host/boot/parse.ts'
import { run } from '#host/run/run.ts'

/** What is known of the boot this machine is running. Empty texts: unknown. */
export interface RunningPlatform {
  stamp: string
  medium: string
  /** The image in whose place the running one was booted. */
  failed: string
  /** Address of its directory on the server it was booted from. */
  url: string
}

/** The machine as piadm sees it. */
export interface BootHost {
  context: Context
  /** Of the system pool; '' when there is none. */
  pool: string
  /** Directory of the images on the pool; null when it has none. */
  store: string | null
  /** Directory with `loaderFiles` of the running platform. */
  loader: string
  operatorMenu: string
  running: RunningPlatform
  /** Boot file systems of the pool's disks, then media. */
  devices(): Promise<BootDevice[]>
  /** Mounts one while `work` runs. */
  open<T>(device: BootDevice, write: boolean, work: (root: string) => Promise<T>): Promise<T>
  /** Makes the file system; all that was on it is gone. */
  format(device: BootDevice): Promise<void>
  /** True when something was written. */
  ensureBios(device: BootDevice): Promise<boolean>
  /** Keeps other programs out; Busy when one does not end in time. */
  exclusively<T>(waitMs: number, work: () => Promise<T>): Promise<T>
}

/** The real machine. */
export async function createBootHost(context: Context): Promise<BootHost> {
  const state = (await readJsonFile(platformPaths.bootState).catch(() => null)) as { pool?: unknown } | null
  const store = existsSync(systemDatasets.boot) ? systemDatasets.boot : null
  const pool = typeof state?.pool === 'string' ? state.pool : store === null ? '' : systemPool
  return {
    context,
    pool,
    store,
    loader: platformPaths.loader,
    operatorMenu: operatorMenuFile,
    running: await readRunning(),
    devices: () => readBootDevices(pool === '' ? null : pool, context),
    open: (device, write, work) => withMounted({ source: device.path, type: device.kind === 'iso' ? 'iso9660' : 'vfat', write }, context, work),
    async format(device) {
      await run(renderMakeFat(device.path, bootLabel), {}, context)
    },
    ensureBios: async (device) => device.biosBootSector !== null && (await ensureBiosLoader(device.disk, device.biosBootSector, platformPaths.loader)),
    exclusively: (waitMs, work) =>
      withLock('piadm', waitMs, context, async () => {
        await removeStaleMounts(context)
        return await work()
      }),
  }
}

async function readRunning(): Promise<RunningPlatform> {
  const manifest = (await readJsonFile(platformPaths.manifest).catch(() => null)) as { stamp?: unknown } | null
  const words = ((await readTextFile('/proc/cmdline')) ?? '').split(/\s+/)
  const valueOf = (name: string): string => words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1) ?? ''
  const failed = valueOf(bootArguments.failed)
  return {
    stamp: typeof manifest?.stamp === 'string' ? manifest.stamp : '',
    medium: valueOf(bootArguments.medium),
    failed: stampPattern.test(failed) ? failed : '',
    url: /^https?:\/\//.test(valueOf(bootArguments.image)) ? valueOf(bootArguments.image) : '',
  }
}
