import { join } from 'node:path'
import { bootArguments, platformDirectory, platformFiles } from '#contracts/platform/names.ts'
import type { Context } from '#host/context.ts'
import { ensureDirectory } from '#host/fs/atomic.ts'
import { copyWhole, writeWhole } from '#host/fs/blocks.ts'
import { planImageFiles, type MediaSource } from './content.ts'

/** Makes a directory for an HTTP or TFTP server: the image's files and a script for iPXE, `boot.ipxe`. */
export async function createIpxe(source: MediaSource, directory: string, context: Context): Promise<void> {
  await ensureDirectory(join(directory, platformDirectory(source.stamp)))
  for (const { path, source: file } of planImageFiles(source)) await copyWhole(file, join(directory, path), context.signal)
  await writeWhole(join(directory, 'boot.ipxe'), renderIpxe(source.stamp))
}

/**
 * The script. Paths are relative to its own address; a server that adds arguments for a node sets `spirula-arguments`
 * before it chains here. `base` is its own address up to the last slash, which not every iPXE knows. `initrd=` names the
 * archive for UEFI kernels, BIOS ones ignore it.
 */
export function renderIpxe(stamp: string, base = '${cwduri}'): string {
  const directory = platformDirectory(stamp)
  // `spirula.mem=0` means nothing to the kernel: old iPXE takes the first `mem=` of a line, be it the end of `reserve_mem=`, for
  // the memory there is, and would find no room for the archive; of 0 it makes all.
  const words = [
    'spirula.mem=0',
    'console=tty0',
    'console=ttyS0,115200',
    'panic=10',
    'reserve_mem=2M:4096:oops',
    'loglevel=4',
    `${bootArguments.medium}=pxe`,
    `${bootArguments.image}=${base}${directory}`,
  ].join(' ')
  return [
    '#!ipxe',
    `echo Spirula ${stamp}`,
    `kernel ${directory}/${platformFiles.kernel} initrd=${platformFiles.archive} ${words} \${spirula-arguments} || goto failed`,
    `initrd --name ${platformFiles.archive} ${directory}/${platformFiles.archive} || goto failed`,
    'boot || goto failed',
    ':failed',
    'echo Spirula could not be loaded: trying again in 10 seconds',
    'sleep 10',
    'reboot',
    '',
  ].join('\n')
}
