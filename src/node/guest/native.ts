import { chmod, readFile, readlink, rename, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureDirectory } from '#host/fs/atomic.ts'
import { writeOwnedFile } from '#host/fs/owned.ts'

const tools = ['mdata-get', 'mdata-put', 'mdata-delete', 'mdata-list']

/** File in the build → place below /native, mode. */
const files = [
  { from: 'mdata', to: 'usr/sbin/mdata', mode: 0o755 },
  { from: 'guest/mdata-execute', to: 'lib/mdata-execute', mode: 0o755 },
  { from: 'guest/spirula-mdata.service', to: 'lib/systemd/spirula-mdata.service', mode: 0o644 },
  { from: 'guest/multi-user.target.d/spirula.conf', to: 'lib/systemd/multi-user.target.d/spirula.conf', mode: 0o644 },
] as const

/**
 * Lays out what zones see under /native. `buildDir` has the compiled `mdata` and the folder `guest` as in
 * the repository. Safe to repeat while zones run: a file is replaced by a rename, and only when it differs.
 */
export async function installNative(targetDir: string, buildDir: string): Promise<void> {
  for (const directory of ['', '.zonecontrol', 'usr', 'usr/sbin', 'lib', 'lib/systemd', 'lib/systemd/multi-user.target.d']) {
    await ensureDirectory(join(targetDir, directory))
    await chmod(join(targetDir, directory), 0o755)
  }
  for (const { from, to, mode } of files) await ensureCopy(join(buildDir, from), join(targetDir, to), mode)
  for (const tool of tools) await ensureLink(join(targetDir, 'usr/sbin', tool), 'mdata')
}

async function ensureCopy(from: string, to: string, mode: number): Promise<void> {
  const wanted = await readFile(from)
  const present = await readFile(to).catch(ignoreMissing)
  if (present?.equals(wanted) === true) return await chmod(to, mode)
  await writeOwnedFile(to, wanted, { uid: 0, mode })
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
