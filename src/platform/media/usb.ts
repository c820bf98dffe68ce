import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { bootFileSystemFiles, loaderFiles, renderMediumFile } from '#contracts/platform/loader.ts'
import { bootLabel, environmentFile, environmentKeys } from '#contracts/platform/names.ts'
import type { Context } from '#host/context.ts'
import { ensureDirectory, removeFile, removeTree } from '#host/fs/atomic.ts'
import { writeAt, writeWhole } from '#host/fs/blocks.ts'
import { renderGrubEnvironment } from '#lib/grub-environment.ts'
import { renderBootSector, renderCoreImage } from '#lib/grub-sectors.ts'
import { planImageFiles, planLoaderFiles, type MediaSource } from './content.ts'
import { createFat, type FatFile } from './fat.ts'
import { gptTailSectors, partitionTypes, renderGpt } from './gpt.ts'
import { stampEnvironment, type ToolTree } from './tool-tree.ts'

const mebibyte = 1 << 20
const sector = 512
/** The layout of a pool's disks, without the pool: 1 BIOS boot, 2 EFI system. */
const biosBoot = { firstSector: 2048, sectors: 2048 }
const espSector = biosBoot.firstSector + biosBoot.sectors
/** Least size that is FAT32 beyond doubt. */
const leastEspBytes = 128 * mebibyte

/**
 * Makes a disk image that boots under BIOS and UEFI from USB or as a disk, with room for a second image. Needs no root.
 * Same input, same bytes. An existing file is replaced.
 */
export async function createUsbImage(tree: ToolTree, source: MediaSource, file: string, context: Context): Promise<void> {
  const image = planImageFiles(source)
  const espBytes = sizeEsp(image.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0))
  const sectors = espSector + espBytes / sector + 2048
  const scratch = join(dirname(file), `.usb-${process.pid}`)
  try {
    await ensureDirectory(scratch)
    await removeFile(file)
    // Its last byte makes it that long; what is never written takes no space.
    await writeWhole(file, '')
    await writeAt(file, [{ offset: sectors * sector - 1, bytes: Buffer.alloc(1) }])
    const files = [...planLoaderFiles(source), ...(await createStateFiles(scratch, source.stamp)), ...image]
    const place = { file, offsetBytes: espSector * sector, sizeBytes: espBytes, label: bootLabel, seed: source.stamp, bits: 32 } as const
    await createFat(tree, place, { files, env: stampEnvironment(source.stamp) }, context)
    await writeTable(file, source, { espBytes, sectors })
  } catch (error) {
    await removeFile(file)
    throw error
  } finally {
    await removeTree(scratch)
  }
}

/** Room for two images and then some for the loader and the tables, in whole 16 MiB. */
export function sizeEsp(imageBytes: number): number {
  const wanted = imageBytes * 2 + 32 * mebibyte
  return Math.max(leastEspBytes, Math.ceil(wanted / (16 * mebibyte)) * 16 * mebibyte)
}

/** The files that differ between media: what it is, and that its image is the good one. */
async function createStateFiles(scratch: string, stamp: string): Promise<FatFile[]> {
  const medium = join(scratch, 'medium.cfg')
  const environment = join(scratch, 'grubenv')
  await writeWhole(medium, renderMediumFile('usb'))
  await writeWhole(
    environment,
    renderGrubEnvironment(
      new Map([
        [environmentKeys.default, stamp],
        [environmentKeys.good, stamp],
        [environmentKeys.tries, '0'],
      ]),
    ),
  )
  return [
    { path: bootFileSystemFiles.medium, source: medium },
    { path: environmentFile, source: environment },
  ]
}

async function writeTable(file: string, { loader, stamp }: MediaSource, size: { espBytes: number; sectors: number }): Promise<void> {
  const partitions = [
    { type: partitionTypes.biosBoot, name: 'BIOS boot', ...biosBoot },
    { type: partitionTypes.efiSystem, name: 'EFI system', firstSector: espSector, sectors: size.espBytes / sector },
  ]
  const { head, tail } = renderGpt(partitions, size.sectors, stamp)
  const bootSector = renderBootSector(await readFile(join(loader, loaderFiles.bootSector)), head.subarray(0, sector), biosBoot.firstSector)
  await writeAt(file, [
    { offset: 0, bytes: bootSector },
    { offset: sector, bytes: head.subarray(sector) },
    { offset: biosBoot.firstSector * sector, bytes: renderCoreImage(await readFile(join(loader, loaderFiles.core)), biosBoot.firstSector) },
    { offset: (size.sectors - gptTailSectors) * sector, bytes: tail },
  ])
}
