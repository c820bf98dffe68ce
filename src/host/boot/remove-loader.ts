import { join } from 'node:path'
import { bootFileSystemFiles } from '#contracts/platform/loader.ts'
import { removeFile } from '../fs/atomic.ts'
import { writeAt } from '../fs/blocks.ts'

/** Bytes of a disk's first sector that are the loader's code. */
const codeBytes = 0x1b8

/** Takes the loader off a boot file system, and off the disk's first sector (null: it has none of ours). Images and menu stay. */
export async function removeLoader(root: string, disk: string | null): Promise<void> {
  await removeFile(join(root, bootFileSystemFiles.efi))
  if (disk !== null) await writeAt(disk, [{ offset: 0, bytes: Buffer.alloc(codeBytes) }])
}
