import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import type { PlatformManifest, PlatformPackage } from '#contracts/platform/manifest.ts'
import { platformDirectory, platformFiles } from '#contracts/platform/names.ts'
import type { Context } from '#host/context.ts'
import { ensureDirectory } from '#host/fs/atomic.ts'
import type { Progress } from '#lib/progress.ts'
import { renderGroupHook } from '../../image/debian.ts'
import { ensureImageFile } from '../../image/ensure.ts'
import { joyent13 } from '../../image/profiles/joyent-13.ts'
import { zoneUserlandGroups, zoneUserlandLinks, zoneUserlandPackages } from '../../image/profiles/zone-userland.ts'
import { createIpxe } from '../media/ipxe.ts'
import { createIso } from '../media/iso.ts'
import { createLoaderFiles } from '../media/loader.ts'
import { createToolTree } from '../media/tool-tree.ts'
import { createUsbImage } from '../media/usb.ts'
import { type ArchiveAccess, readArchiveAccess } from './archive-access.ts'
import { createBootArchive } from './archive.ts'
import { readCheckout } from './checkout.ts'
import { builderPackages, listSystemPackages, zfsSourcePackage } from './packages.ts'
import { createResolver, type Resolver } from './resolve.ts'
import { copyGuestImage } from './guest-images.ts'
import { parseBundledPackages, renderSbom } from './sbom.ts'
import { assembleSystem, type SystemSource } from './system-tree.ts'
import { hashFile, hashTree, listTree } from './tree-list.ts'
import { createTree, ensureTree, hashOf, type TreeRecipe, unpackTree } from './tree.ts'
import { ensureZfsModules } from './zfs-modules.ts'

export interface BuildOptions {
  checkout: string
  /** Directory that gets `platform-STAMP/`, the media and `ipxe/`. */
  output: string
  /** Where trees, modules and guest images are kept between builds. */
  cache: string
  stamp: string
  /** zstd, 1 to 22. */
  level: number
  /** Also the ISO, the USB image and iPXE's files. */
  media: boolean
  /** Builds the Debian tree anew, whatever the cache has: to see that it comes out the same. */
  fresh: boolean
  rootPasswordHash: string | null
  tools: SystemSource['tools']
}

export interface BuiltPlatform {
  manifest: PlatformManifest
  /** `platform-STAMP` below the output directory. */
  directory: string
  iso: string | null
  usb: string | null
}

/** Steps that `progress` is told of, without and with media. */
export const buildSteps = { image: 7, media: 3 } as const

/** Builds the platform image of a built checkout: see src/platform/build/README.md. Nothing half-made is left at the result's place. */
export async function buildPlatform(options: BuildOptions, progress: Progress, context: Context): Promise<BuiltPlatform> {
  await Promise.all([ensureDirectory(options.cache), ensureDirectory(options.output)])
  const work = await mkdtemp(join(options.output, '.build-'))
  try {
    return await build(work, options, progress, context)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function build(work: string, options: BuildOptions, progress: Progress, context: Context): Promise<BuiltPlatform> {
  const checkout = await readCheckout(options.checkout, context)
  const access = await readArchiveAccess(context)
  const { resolver, packages } = await progress.step('versions in the Debian archive', () => resolveAll(access, work, context))
  try {
    const builder = join(work, 'builder')
    await progress.step('builder tree', (note) => ensureBuilder({ access, packages: packages.builder, builder, note }, options, context))
    const kernel = await readKernel(builder)
    const zfs = packages.zfs.version
    const modules = await progress.step('ZFS modules', async (note) => {
      note(`${zfs} for Linux ${kernel}`)
      return await ensureZfsModules(
        { kernel, version: zfs, download: (directory) => resolver.download(zfsSourcePackage, directory) },
        builder,
        options.cache,
        context,
      )
    })
    const manifest: PlatformManifest = {
      v: 1,
      stamp: options.stamp,
      ...checkout,
      kernel,
      zfs,
      packages: [...packages.system, packages.zfs, packages.kernel].toSorted(byName),
    }
    const system = join(work, 'system')
    const recipe = planSystemTree(packages.system, modules.deb)
    await progress.step('system tree', () => unpackSystem({ recipe, access, system }, options, context))
    const loader = join(work, 'loader')
    const tools = createToolTree(builder)
    await progress.step('guest images and boot loader', async () => {
      await copyGuestImage(await ensureImageFile(joyent13, options.cache, context), join(work, 'images'))
      await createLoaderFiles(tools, join(options.checkout, 'platform/grub'), loader, context)
    })
    const tree = await progress.step('system', async () => {
      const source = {
        builder,
        kernel,
        checkout: options.checkout,
        tools: options.tools,
        links: zoneUserlandLinks,
        images: join(work, 'images'),
        loader,
        manifest,
      }
      await assembleSystem(system, { ...source, rootPasswordHash: options.rootPasswordHash }, context)
      return await listTree(system)
    })
    const directory = await progress.step('image', () => packImage({ work, builder, kernel, system, manifest, tree }, options, context))
    const source = { platformDir: directory, loader, stamp: options.stamp }
    if (!options.media) return { manifest, directory, iso: null, usb: null }
    const [iso, usb] = ['iso', 'usb.img'].map((end) => join(options.output, `platform-${options.stamp}.${end}`)) as [string, string]
    await progress.step('ISO', () => createIso(tools, source, iso, context))
    await progress.step('USB image', () => createUsbImage(tools, source, usb, context))
    await progress.step('iPXE files and checksums', async () => {
      await createIpxe(source, join(options.output, 'ipxe'), context)
      await writeChecksums(options.output, [iso, usb])
    })
    return { manifest, directory, iso, usb }
  } finally {
    await resolver.dispose()
  }
}

function byName(a: PlatformPackage, b: PlatformPackage): number {
  return a.name < b.name ? -1 : 1
}

interface Packages {
  builder: PlatformPackage[]
  system: PlatformPackage[]
  zfs: PlatformPackage
  kernel: PlatformPackage
}

async function resolveAll(access: ArchiveAccess, work: string, context: Context): Promise<{ resolver: Resolver; packages: Packages }> {
  const resolver = await createResolver(access, work, context)
  const [builder, system, zfs] = [
    await resolver.resolve(builderPackages),
    await resolver.resolve(listSystemPackages(zoneUserlandPackages)),
    await resolver.resolve([zfsSourcePackage]),
  ]
  const kernel = builder.find((one) => /^linux-image-\d.*-amd64$/.test(one.name))
  if (kernel === undefined) throw new AppError('CommandFailed', 'The Debian archive resolves linux-image-amd64 to no kernel.')
  return { resolver, packages: { builder, system, zfs: zfs.find((one) => one.name === zfsSourcePackage)!, kernel } }
}

async function ensureBuilder(
  { access, packages, builder, note }: { access: ArchiveAccess; packages: PlatformPackage[]; builder: string; note: (text: string) => void },
  options: BuildOptions,
  context: Context,
): Promise<void> {
  const recipe: TreeRecipe = { name: 'builder', packages: builderPackages, resolved: packages, options: [] }
  const { archive } = await ensureTree(recipe, access, options.cache, context)
  note(`${packages.length} packages`)
  await unpackTree(archive, builder, context)
}

async function readKernel(builder: string): Promise<string> {
  const [kernel, ...more] = await readdir(join(builder, 'usr/lib/modules'))
  if (kernel === undefined || more.length > 0) throw new AppError('CommandFailed', 'The builder tree does not have exactly one kernel.')
  return kernel
}

/** Our package of the ZFS modules comes first: ZFS's programs ask for one that provides them. */
function planSystemTree(resolved: readonly PlatformPackage[], modules: string): TreeRecipe {
  return {
    name: 'system',
    packages: listSystemPackages(zoneUserlandPackages),
    resolved,
    options: [
      ...zoneUserlandGroups.map(renderGroupHook),
      `--essential-hook=copy-in ${modules} /`,
      '--essential-hook=chroot "$1" sh -c "dpkg --install /zfs-modules-*.deb && rm /zfs-modules-*.deb"',
    ],
  }
}

async function unpackSystem(
  { recipe, access, system }: { recipe: TreeRecipe; access: ArchiveAccess; system: string },
  options: BuildOptions,
  context: Context,
): Promise<void> {
  if (!options.fresh) return await unpackTree((await ensureTree(recipe, access, options.cache, context)).archive, system, context)
  const archive = join(options.cache, `fresh-${hashOf(recipe)}.tar`)
  try {
    await createTree(recipe, access, archive, context)
    await unpackTree(archive, system, context)
  } finally {
    await rm(archive, { force: true })
  }
}

interface Image {
  work: string
  builder: string
  kernel: string
  system: string
  manifest: PlatformManifest
  tree: string[]
}

/** Writes `platform-STAMP` beside its place and moves it there whole, in place of an older one of that stamp. */
async function packImage({ work, builder, kernel, system, manifest, tree }: Image, options: BuildOptions, context: Context): Promise<string> {
  const name = platformDirectory(options.stamp)
  const making = join(work, name)
  await mkdir(making)
  const init = join(options.checkout, 'platform/initramfs/init')
  await createBootArchive({ builder, kernel, system, init, work, level: options.level }, join(making, platformFiles.archive), context)
  await rename(join(builder, 'boot', `vmlinuz-${kernel}`), join(making, platformFiles.kernel))
  const bundled = parseBundledPackages(await readFile(join(options.checkout, 'package-lock.json'), 'utf8'))
  await writeFile(join(making, platformFiles.sbom), `${JSON.stringify(renderSbom(manifest, bundled), null, 1)}\n`)
  const whole: PlatformManifest = { ...manifest, tree: hashTree(tree), files: await describeFiles(making) }
  await writeFile(join(making, platformFiles.manifest), `${JSON.stringify(whole, null, 1)}\n`)
  await writeChecksums(
    making,
    (await readdir(making)).toSorted().map((file) => join(making, file)),
  )
  await writeFile(join(work, 'tree.txt'), `${tree.join('\n')}\n`)
  await rename(join(work, 'tree.txt'), join(options.output, `tree-${options.stamp}.txt`))
  const directory = join(options.output, name)
  await rm(directory, { recursive: true, force: true })
  await rename(making, directory)
  return directory
}

async function describeFiles(directory: string): Promise<NonNullable<PlatformManifest['files']>> {
  const names = [platformFiles.kernel, platformFiles.archive, platformFiles.sbom]
  const described = names.map(async (name) => {
    const path = join(directory, name)
    const { size } = await stat(path)
    return [name, { size, sha256: await hashFile(path) }] as const
  })
  return Object.fromEntries(await Promise.all(described))
}

/** `SHA256SUMS`, as sha256sum(1) reads it. */
async function writeChecksums(directory: string, files: readonly string[]): Promise<void> {
  const lines = await Promise.all(files.map(async (file) => `${await hashFile(file)}  ${file.slice(directory.length + 1)}\n`))
  await writeFile(join(directory, platformFiles.checksums), lines.join(''))
}
