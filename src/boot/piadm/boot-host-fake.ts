import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loaderFiles } from '#contracts/platform/loader.ts'
import { platformDirectory, platformFiles } from '#contracts/platform/names.ts'
import { silentLog } from '#host/context.ts'
import type { BootDevice } from '#host/boot/parse.ts'
import type { BootHost } from './boot-host.ts'

/** A machine whose boot file systems, pool and loader are directories below `top`. */
export interface FakeBootHost extends BootHost {
  top: string
  store: string
  /** Aborts what runs, as Ctrl-C and, nearly, a power cut do. */
  controller: AbortController
  /** Devices that cannot be mounted. */
  broken: Set<string>
}

export async function createFakeBootHost(disks: readonly string[], running: string): Promise<FakeBootHost> {
  const top = await mkdtemp(join(tmpdir(), 'spirula-piadm-'))
  const controller = new AbortController()
  for (const name of ['store', 'loader', ...disks]) await mkdir(join(top, name), { recursive: true })
  for (const name of Object.values(loaderFiles)) await writeFile(join(top, 'loader', name), `${name} of the loader`)
  const broken = new Set<string>()
  const devices: BootDevice[] = disks.map((name) => ({
    path: join(top, name),
    disk: name,
    kind: name.startsWith('usb') ? 'usb' : 'disk',
    sizeBytes: 2 ** 30,
    formatted: true,
    biosBootSector: null,
  }))
  return {
    top,
    controller,
    broken,
    context: { signal: controller.signal, log: silentLog, now: () => new Date(0) },
    pool: 'zones',
    store: join(top, 'store'),
    loader: join(top, 'loader'),
    operatorMenu: join(top, 'custom.cfg'),
    running: { stamp: running, medium: 'disk', failed: '', url: '' },
    devices: async () => devices,
    async open(device, _write, work) {
      if (broken.has(device.disk)) throw new Error(`${device.disk} does not answer`)
      return await work(device.path)
    },
    format: async () => {},
    ensureBios: async () => false,
    exclusively: async (_waitMs, work) => await work(),
  }
}

/** Makes an image that passes as one; gives its directory. */
export async function createFakeImage(parent: string, stamp: string, text = stamp): Promise<string> {
  const directory = join(parent, platformDirectory(stamp))
  const manifest = { v: 1, stamp, version: '0', commit: null, kernel: '6', zfs: '2', node: '26', packages: [] }
  const files = new Map([
    [platformFiles.manifest, JSON.stringify(manifest)],
    [platformFiles.sbom, '{}'],
    [platformFiles.kernel, `kernel ${text}`],
    [platformFiles.archive, `archive ${text}`],
  ])
  const sums = [...files].map(([name, content]) => `${createHash('sha256').update(content).digest('hex')}  ${name}\n`)
  await mkdir(directory, { recursive: true })
  for (const [name, content] of files) await writeFile(join(directory, name), content)
  await writeFile(join(directory, platformFiles.checksums), sums.join(''))
  return directory
}
