import { join } from 'node:path'
import type { Context } from '#host/context.ts'
import { ensureDirectory, removeFile, writeFileAtomic } from '#host/fs/atomic.ts'
import { writeStream } from '#host/fs/stream.ts'
import type { Parts } from '../parts.ts'

const snapshot = 'archiving'

/**
 * Keeps a machine's record and its dataset below `archive/UUID` before it is deleted, where the pool has
 * such a dataset (smartos-node reference 1.8). A failure is logged and does not stop the delete.
 */
export async function archiveMachine(uuid: string, context: Context, parts: Parts): Promise<void> {
  const { storage } = parts.host
  if (!(await storage.exists('archive', context))) return
  const directory = join(storage.mountpointOf('archive'), uuid)
  const stream = join(directory, `${storage.kind}.stream`)
  try {
    await ensureDirectory(directory, 0o700)
    await writeFileAtomic(join(directory, 'vm.json'), `${JSON.stringify(parts.machines.get(uuid), null, 2)}\n`)
    await storage.destroySnapshot({ dataset: uuid, snapshot }, context)
    await storage.snapshot({ dataset: uuid, snapshot }, context)
    await writeStream(stream, storage.send({ dataset: uuid, snapshot }, null, context), context)
  } catch (error) {
    parts.log.error({ err: error, uuid }, 'the machine could not be archived; it is deleted all the same')
    await removeFile(stream).catch(() => {})
  } finally {
    await storage.destroySnapshot({ dataset: uuid, snapshot }, context)
  }
}
