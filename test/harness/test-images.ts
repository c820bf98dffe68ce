import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { command } from '../bench/command.ts'

/** The small image every test node has: static busybox whose init only waits. */
export const testImage = 'b0000000-0000-4000-8000-00000000b0b0'
/** The same tree under another UUID, for reprovision. */
export const otherImage = 'b0000000-0000-4000-8000-00000000b0b1'

/** What `image.install` is given: a root tree packed, with the manifest of an image of that UUID. */
export interface ImageFile {
  file: string
  renderManifest(uuid: string): Record<string, unknown>
}

/** Packs the tree `directory/tree` into `directory/tree.tar`. */
export async function packTree(directory: string, name: string): Promise<ImageFile> {
  const file = join(directory, 'tree.tar')
  await command(['tar', '-C', join(directory, 'tree'), '--owner=0', '--group=0', '--numeric-owner', '-cf', file, '.'])
  const sha1 = createHash('sha1')
    .update(await readFile(file))
    .digest('hex')
  const { size } = await stat(file)
  return {
    file,
    renderManifest: (uuid) => ({
      v: 2,
      uuid,
      name,
      version: '1',
      type: 'lx-dataset',
      os: 'linux',
      files: [{ sha1, size, compression: 'none', format: 'tar' }],
    }),
  }
}
