import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from '#host/context.ts'
import { runInTree } from './in-tree.ts'
import { treeEpoch } from './tree.ts'

/** Modules that the first process needs, in the order in which the kernel takes them. */
const earlyModules = ['drivers/block/loop', 'fs/squashfs/squashfs', 'fs/overlayfs/overlay']
const imageLimitMs = 30 * 60_000

export interface ArchiveSource {
  /** Tree of the builder's programs. */
  builder: string
  kernel: string
  /** Directory of the finished system tree. */
  system: string
  /** `platform/initramfs/init` of the checkout. */
  init: string
  /** Scratch directory, on the file system of the result. */
  work: string
  /** zstd, 1 to 22. */
  level: number
}

/** Packs the system into `boot_archive`: an uncompressed cpio with a first process and the squashfs of the system. */
export async function createBootArchive(source: ArchiveSource, archive: string, context: Context): Promise<void> {
  const initramfs = join(source.work, 'initramfs')
  await mkdir(join(initramfs, 'modules'), { recursive: true })
  for (const directory of ['bin', 'dev', 'layers', 'pristine', 'proc', 'root', 'sys']) await mkdir(join(initramfs, directory), { recursive: true })
  await createSquashfs(source, join(initramfs, 'system.squashfs'), context)
  await copyFile(join(source.builder, 'usr/bin/busybox'), join(initramfs, 'bin/busybox'))
  await copyFile(source.init, join(initramfs, 'init'))
  await writeFile(join(initramfs, 'modules/order'), earlyModules.map((path) => `${nameOf(path)}.ko\n`).join(''))
  const unpack = earlyModules.map((path) => `xz -dc /usr/lib/modules/${source.kernel}/kernel/${path}.ko.xz >modules/${nameOf(path)}.ko`)
  const script = [
    'cd "$1"',
    ...unpack,
    'chmod 755 init bin/busybox',
    `find . -exec touch -h -d @${treeEpoch} {} +`,
    'find . | LC_ALL=C sort | cpio --quiet -o -H newc --reproducible -R 0:0 >"$2"',
  ]
  await runInTree(source.builder, ['sh', '-ec', script.join('\n'), 'sh', initramfs, archive], { binds: [source.work], timeoutMs: imageLimitMs }, context)
  await rm(initramfs, { recursive: true })
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

async function createSquashfs(source: ArchiveSource, file: string, context: Context): Promise<void> {
  const options = ['-comp', 'zstd', '-Xcompression-level', String(source.level), '-b', '256K', '-noappend', '-no-progress', '-quiet', '-no-exports']
  const times = ['-mkfs-time', String(treeEpoch)]
  await runInTree(source.builder, ['mksquashfs', source.system, file, ...options, ...times], { binds: [source.work], timeoutMs: imageLimitMs }, context)
}
