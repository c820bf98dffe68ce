import { join } from 'node:path'
import type { MachineRecord } from '#contracts/machine/record.ts'
import { ensureOwnedFile, ensureReadableDirectory } from '#host/fs/owned.ts'
import { renderNoCloudSeed } from '#plan/metadata/nocloud.ts'

/**
 * Writes the seed that cloud-init reads, into a directory that is mounted into the zone. The files belong
 * to the zone's root alone, for user-data has secrets. Each is replaced in one step, and only when it differs.
 */
export async function writeSeed(dir: string, record: MachineRecord): Promise<void> {
  await ensureReadableDirectory(dir)
  for (const [name, text] of Object.entries(renderNoCloudSeed(record))) {
    await ensureOwnedFile(join(dir, name), text, { uid: record.internal.uid_base, mode: 0o600 })
  }
}
