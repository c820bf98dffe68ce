import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { MachineRecord } from '#contracts/machine/record.ts'
import { ensureReadableDirectory, writeOwnedFile } from '#host/fs/owned.ts'
import { renderNoCloudSeed } from '#plan/metadata/nocloud.ts'

/**
 * Writes the seed that cloud-init reads, into a directory that is mounted into the zone. The files belong
 * to the zone's root alone, for user-data has secrets. Each is replaced in one step, and only when it differs.
 */
export async function writeSeed(dir: string, record: MachineRecord): Promise<void> {
  await ensureReadableDirectory(dir)
  for (const [name, text] of Object.entries(renderNoCloudSeed(record))) {
    const path = join(dir, name)
    const present = await readFile(path, 'utf8').catch(() => null)
    if (present !== text) await writeOwnedFile(path, text, { uid: record.internal.uid_base, mode: 0o600 })
  }
}
