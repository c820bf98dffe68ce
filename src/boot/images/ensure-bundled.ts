import { join } from 'node:path'
import { reviveError, type NodeClient } from '#client/node-client.ts'
import { isAppError } from '#contracts/errors.ts'
import { ImageManifest } from '#contracts/image/manifest.ts'
import { listDirectory, readJsonFile } from '#host/fs/atomic.ts'
import { messagesOf } from '../messages-of.ts'

/**
 * Installs the guest images that are part of the platform, NAME.json beside NAME.tar.zst, as far as the pool has not
 * got them yet; those of earlier platforms stay. Gives a sentence for each that was installed or could not be.
 */
export async function ensureBundledImages(node: Pick<NodeClient, 'json' | 'follow'>, directory: string): Promise<string[]> {
  const names = (await listDirectory(directory)).filter((name) => name.endsWith('.json')).toSorted()
  if (names.length === 0) return []
  const installed = new Set((await node.json<{ manifest: { uuid: string } }[]>('image.list')).map(({ manifest }) => manifest.uuid))
  const said: string[] = []
  for (const name of names) {
    try {
      const manifest = ImageManifest.parse(await readJsonFile(join(directory, name)))
      if (installed.has(manifest.uuid)) continue
      await install(node, manifest, join(directory, name.replace(/\.json$/, '.tar.zst')))
      said.push(`Image ${manifest.name} (${manifest.uuid}) of this platform is installed.`)
    } catch (error) {
      // Somebody else was quicker.
      if (!isAppError(error, 'ImageExists')) said.push(`The image of ${name} could not be installed: ${messagesOf(error)}`)
    }
  }
  return said
}

async function install(node: Pick<NodeClient, 'follow'>, manifest: ImageManifest, file: string): Promise<void> {
  for await (const event of node.follow('image.install', { json: { manifest, file } })) if (event.type === 'failed') throw reviveError(event.error)
}
