import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import type { Context } from '#host/context.ts'
import { run } from '#host/run/run.ts'
import { runInTree } from './in-tree.ts'
import { zfsSourcePackage } from './packages.ts'
import { treeEpoch } from './tree.ts'

/** Changed by hand when what is done to the modules changes. */
const recipeVersion = '1'
/** Seen: 3 minutes idle, 10 on a busy machine. */
const compileLimitMs = 60 * 60_000

export interface ZfsModules {
  /** A Debian package of ours with the modules, which `Provides: zfs-modules`, as ZFS's other packages want. */
  deb: string
  cached: boolean
}

export interface ZfsSource {
  kernel: string
  /** Of the Debian package. */
  version: string
  /** The downloaded zfs-dkms package; called only when the modules are not in the cache. */
  download(directory: string): Promise<string>
}

/** ZFS's modules for one kernel, compiled in a copy of the builder's tree; kept by kernel and ZFS version. */
export async function ensureZfsModules(source: ZfsSource, builder: string, cache: string, context: Context): Promise<ZfsModules> {
  const deb = join(cache, `zfs-modules-${recipeVersion}_${source.version}_${source.kernel}.deb`)
  if (existsSync(deb)) return { deb, cached: true }
  const work = await mkdtemp(join(cache, 'zfs-'))
  try {
    const modules = await compile(source, builder, work, context)
    await packModules(modules, source, `${deb}.partial`, context)
    await rename(`${deb}.partial`, deb)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return { deb, cached: false }
}

/** Directory with the compiled modules. */
async function compile(source: ZfsSource, builder: string, work: string, context: Context): Promise<string> {
  const archive = await source.download(work)
  // Into the tree itself: it is unpacked anew for each build, so nothing of it stays.
  await run(['/usr/bin/dpkg', '-x', archive, builder], {}, context)
  const name = (await readdir(join(builder, 'usr/src'))).find((entry) => entry.startsWith('zfs-'))
  if (name === undefined) throw new AppError('CommandFailed', `The package ${zfsSourcePackage} ${source.version} holds no ZFS sources.`)
  const version = name.slice('zfs-'.length)
  const dkms = (verb: string, ...words: string[]): ReturnType<typeof runInTree> =>
    runInTree(builder, ['dkms', verb, '-m', 'zfs', '-v', version, ...words], { timeoutMs: compileLimitMs, env: { HOME: '/root' } }, context)
  await dkms('add')
  await dkms('build', '-k', source.kernel, '-j', String(navigator.hardwareConcurrency))
  return join(builder, `var/lib/dkms/zfs/${version}/${source.kernel}/x86_64/module`)
}

async function packModules(modules: string, source: ZfsSource, deb: string, context: Context): Promise<void> {
  const tree = join(modules, '..', 'package')
  const target = join(tree, 'usr/lib/modules', source.kernel, 'updates/dkms')
  await mkdir(target, { recursive: true })
  for (const name of await readdir(modules)) await cp(join(modules, name), join(target, name))
  await mkdir(join(tree, 'DEBIAN'))
  await writeFile(join(tree, 'DEBIAN/control'), renderControl(source))
  await utimes(join(tree, 'DEBIAN/control'), treeEpoch, treeEpoch)
  await run(
    ['/usr/bin/dpkg-deb', '--root-owner-group', '--build', tree, deb],
    { timeoutMs: 5 * 60_000, env: { SOURCE_DATE_EPOCH: String(treeEpoch) } },
    context,
  )
}

function renderControl(source: ZfsSource): string {
  return `Package: spirula-zfs-modules
Version: ${source.version}
Architecture: amd64
Maintainer: Spirula
Provides: zfs-modules
Description: ZFS modules of the platform for Linux ${source.kernel}
`
}
