import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureLink, ensureOwnedFile, ensureReadableDirectory } from '#host/fs/owned.ts'

const tools = ['mdata-get', 'mdata-put', 'mdata-delete', 'mdata-list']

/** File of the repository's `guest` → place below /native, mode. */
const guestFiles = [
  { from: 'mdata-execute', to: 'lib/mdata-execute', mode: 0o755 },
  { from: 'spirula-mdata.service', to: 'lib/systemd/spirula-mdata.service', mode: 0o644 },
  { from: 'multi-user.target.d/spirula.conf', to: 'lib/systemd/multi-user.target.d/spirula.conf', mode: 0o644 },
] as const

/**
 * Lays out what zones see under /native: the compiled `mdata` of `buildDir`, and what the repository has in
 * `guest`. Safe to repeat while zones run: a file is replaced by a rename, and only when it differs.
 */
export async function installNative(targetDir: string, buildDir: string, guestSource = join(buildDir, 'guest')): Promise<void> {
  for (const directory of ['', '.zonecontrol', 'usr', 'usr/sbin', 'lib', 'lib/systemd', 'lib/systemd/multi-user.target.d']) {
    await ensureReadableDirectory(join(targetDir, directory))
  }
  await ensureCopy(join(buildDir, 'mdata'), join(targetDir, 'usr/sbin/mdata'), 0o755)
  for (const { from, to, mode } of guestFiles) await ensureCopy(join(guestSource, from), join(targetDir, to), mode)
  for (const tool of tools) await ensureLink(join(targetDir, 'usr/sbin', tool), 'mdata')
}

async function ensureCopy(from: string, to: string, mode: number): Promise<void> {
  await ensureOwnedFile(to, await readFile(from), { uid: process.getuid?.() ?? 0, mode })
}
