import { chmod, readFile, readlink, rename, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureReadableDirectory, writeOwnedFile } from '#host/fs/owned.ts'

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
  const wanted = await readFile(from)
  const present = await readFile(to).catch(ignoreMissing)
  if (present?.equals(wanted) === true) return await chmod(to, mode)
  await writeOwnedFile(to, wanted, { uid: process.getuid?.() ?? 0, mode })
}

async function ensureLink(path: string, to: string): Promise<void> {
  if ((await readlink(path).catch(ignoreMissing)) === to) return
  await rm(`${path}.new`, { force: true })
  await symlink(to, `${path}.new`)
  await rename(`${path}.new`, path)
}

function ignoreMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}
