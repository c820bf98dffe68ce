import { statSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import { bootFileSystemFiles, loaderFiles } from '#contracts/platform/loader.ts'
import { platformDirectory, platformFiles } from '#contracts/platform/names.ts'
import type { FatFile } from './fat.ts'

/** What a boot medium is made of. */
export interface MediaSource {
  /** Directory with the files of one platform image. */
  platformDir: string
  /** Directory with `loaderFiles`. */
  loader: string
  stamp: string
}

/** The image's files in their order on a medium: the checksums last. */
const imageFiles = [platformFiles.manifest, platformFiles.sbom, platformFiles.kernel, platformFiles.archive, platformFiles.checksums]

/** The files of the image, with their paths on the medium. Throws when one is missing. */
export function planImageFiles({ platformDir, stamp }: MediaSource): (FatFile & { sizeBytes: number })[] {
  return imageFiles.map((name) => {
    const source = join(platformDir, name)
    const found = statSync(source, { throwIfNoEntry: false })
    if (found?.isFile() !== true)
      throw new AppError('NotFound', `The platform image ${platformDir} has no file ${name}.`, { hint: 'build it with ./spirula platform build' })
    return { path: `${platformDirectory(stamp)}/${name}`, source, sizeBytes: found.size }
  })
}

/** The loader's files that are the same on each medium. */
export function planLoaderFiles({ loader }: MediaSource): FatFile[] {
  return [
    { path: bootFileSystemFiles.efi, source: join(loader, loaderFiles.efi) },
    { path: bootFileSystemFiles.menu, source: join(loader, loaderFiles.menu) },
  ]
}
