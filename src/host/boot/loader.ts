import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { bootFileSystemFiles, loaderFiles, renderMediumFile, type BootMedium } from '#contracts/platform/loader.ts'
import { renderBootSector, renderCoreImage } from '#lib/grub-sectors.ts'
import { ensureDirectory } from '../fs/atomic.ts'
import { readAt, syncNames, writeAt, writeWhole } from '../fs/blocks.ts'

export interface LoaderWanted {
  /** Directory with `loaderFiles`. */
  loader: string
  medium: BootMedium
  /** The operator's variables for the menu; null leaves what is there. */
  operator: Uint8Array | null
}

/**
 * Puts the loader's files onto a boot file system; those that are the same already are left alone. Firmware starts the
 * removable path EFI/BOOT/BOOTX64.EFI by itself, so no boot entry is made in the firmware. True when something was written.
 */
export async function ensureLoaderFiles(root: string, { loader, medium, operator }: LoaderWanted): Promise<boolean> {
  const wanted: [string, Uint8Array][] = [
    [bootFileSystemFiles.efi, await readFile(join(loader, loaderFiles.efi))],
    [bootFileSystemFiles.menu, await readFile(join(loader, loaderFiles.menu))],
    [bootFileSystemFiles.medium, Buffer.from(renderMediumFile(medium))],
    ...(operator === null ? [] : [[bootFileSystemFiles.operator, operator] satisfies [string, Uint8Array]]),
  ]
  let changed = false
  for (const [name, content] of wanted) {
    const path = join(root, name)
    const present = await readFile(path).catch(() => null)
    if (present?.equals(content) === true) continue
    await ensureDirectory(dirname(path))
    await writeWhole(path, content)
    await syncNames(dirname(path))
    changed = true
  }
  return changed
}

/** Makes a disk start the loader under BIOS; its partition table stays as it is. True when something was written. */
export async function ensureBiosLoader(disk: string, biosBootSector: number, loader: string): Promise<boolean> {
  const present = await readAt(disk, 0, 512)
  const core = renderCoreImage(await readFile(join(loader, loaderFiles.core)), biosBootSector)
  const sector = renderBootSector(await readFile(join(loader, loaderFiles.bootSector)), present, biosBootSector)
  const coreAt = biosBootSector * 512
  if (present.equals(sector) && (await readAt(disk, coreAt, core.length)).equals(core)) return false
  // The first sector last: until then the old one, or none, is started.
  await writeAt(disk, [{ offset: coreAt, bytes: core }])
  if (!present.equals(sector)) await writeAt(disk, [{ offset: 0, bytes: sector }])
  return true
}
