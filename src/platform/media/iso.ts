import { readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { bootFileSystemFiles, loaderFiles, renderMediumFile } from '#contracts/platform/loader.ts'
import { bootLabel } from '#contracts/platform/names.ts'
import type { Context } from '#host/context.ts'
import { ensureDirectory, removeFile, removeTree } from '#host/fs/atomic.ts'
import { writeWhole } from '#host/fs/blocks.ts'
import { ensureSparseFile } from '#host/fs/sparse.ts'
import { planImageFiles, planLoaderFiles, type MediaSource } from './content.ts'
import { createFat } from './fat.ts'
import { partitionTypes } from './gpt.ts'
import { stampEnvironment, type ToolTree } from './tool-tree.ts'

const mebibyte = 1 << 20

/**
 * Makes an ISO 9660 image that boots under BIOS and UEFI from a CD, and also written to a stick. Its EFI partition holds
 * the loader only, which then goes to the ISO itself. Same input, same bytes. An existing file is replaced.
 */
export async function createIso(tree: ToolTree, source: MediaSource, file: string, context: Context): Promise<void> {
  const scratch = join(dirname(file), `.iso-${process.pid}`)
  const env = stampEnvironment(source.stamp)
  try {
    await ensureDirectory(scratch)
    await removeFile(file)
    const medium = join(scratch, 'medium.cfg')
    await writeWhole(medium, renderMediumFile('iso'))
    const optical = join(scratch, 'eltorito.img')
    // A copy, for xorriso writes the place of the image into it.
    await writeWhole(optical, await readFile(join(source.loader, loaderFiles.optical)))
    const efi = await createEfiPart(tree, source, scratch, context)
    const files = [
      ...planLoaderFiles(source),
      { path: bootFileSystemFiles.medium, source: medium },
      { path: opticalPath, source: optical },
      ...planImageFiles(source),
    ]
    const argv = renderIsoArgv({ file, stamp: source.stamp, efi, hybrid: join(source.loader, loaderFiles.hybridSector), files })
    await tree.run('xorriso', argv, env, context)
  } catch (error) {
    await removeFile(file)
    throw error
  } finally {
    await removeTree(scratch)
  }
}

const opticalPath = 'boot/grub/eltorito.img'

async function createEfiPart(tree: ToolTree, source: MediaSource, scratch: string, context: Context): Promise<string> {
  const file = join(scratch, 'efi.img')
  const efi = join(source.loader, loaderFiles.efi)
  const sizeBytes = Math.max(8 * mebibyte, Math.ceil(((await stat(efi)).size * 1.2) / mebibyte) * mebibyte)
  await ensureSparseFile(file, sizeBytes)
  // Not the boot label: the loader must not take this one for the file system with the images.
  const place = { file, offsetBytes: 0, sizeBytes, label: 'SPIRULAEFI', seed: source.stamp, bits: 16 } as const
  await createFat(tree, place, { files: [{ path: bootFileSystemFiles.efi, source: efi }], env: stampEnvironment(source.stamp) }, context)
  return file
}

interface IsoPlan {
  file: string
  stamp: string
  efi: string
  hybrid: string
  files: readonly { path: string; source: string }[]
}

/** Words for xorriso as mkisofs. Dates of the volume come from SOURCE_DATE_EPOCH, those of the files are given; Rock Ridge keeps names as they are. */
export function renderIsoArgv({ file, stamp, efi, hybrid, files }: IsoPlan): string[] {
  return [
    ['-as', 'mkisofs', '-quiet', '-r', '-V', bootLabel, '-iso-level', '3', '-o', file, '--set_all_file_dates', `${stamp.replaceAll(/\D/g, '')}00`],
    [
      '--grub2-mbr',
      hybrid,
      '-partition_offset',
      '16',
      '--mbr-force-bootable',
      '-append_partition',
      '2',
      partitionTypes.efiSystem,
      efi,
      '-appended_part_as_gpt',
    ],
    ['-c', 'boot/boot.cat', '-b', opticalPath, '-no-emul-boot', '-boot-load-size', '4', '-boot-info-table', '--grub2-boot-info'],
    ['-eltorito-alt-boot', '-e', '--interval:appended_partition_2:all::', '-no-emul-boot'],
    ['-graft-points', ...files.map(({ path, source }) => `/${path}=${source}`)],
  ].flat()
}
