import { constants } from 'node:fs'
import { chmod, chown, mkdir, open, readFile, readlink, rename, rm, symlink } from 'node:fs/promises'
import type { Server } from 'node:net'
import { basename, dirname, join } from 'node:path'

/** Files that a zone reads through a bind mount: they belong to the zone's root (host uid and gid `uid`), others on the host see nothing. */

/** Makes a directory that anybody may read, whatever the umask: zones see the host's root as nobody. */
export async function ensureReadableDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o755 })
  await chmod(path, 0o755)
}

/** Replaces a file by new text in one step; it is never there with another owner. */
export async function writeOwnedFile(path: string, text: string | Uint8Array, options: { uid: number; mode: number }): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`)
  try {
    await rm(temporary, { force: true })
    const file = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600)
    try {
      await file.writeFile(text)
      await file.chown(options.uid, options.uid)
      await file.chmod(options.mode)
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** As `writeOwnedFile`, but leaves a file alone that has this content already, whoever reads it meanwhile. */
export async function ensureOwnedFile(path: string, content: string | Uint8Array, options: { uid: number; mode: number }): Promise<void> {
  const present = await readFile(path).catch(ignoreMissing)
  if (present?.equals(Buffer.from(content)) === true) await chmod(path, options.mode)
  else await writeOwnedFile(path, content, options)
}

/** Makes a symbolic link, in place of what is there, in one step. */
export async function ensureLink(path: string, target: string): Promise<void> {
  if ((await readlink(path).catch(ignoreMissing)) === target) return
  const temporary = `${path}.new`
  await rm(temporary, { force: true })
  await symlink(target, temporary)
  await rename(temporary, path)
}

function ignoreMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}

/**
 * Lets `server` listen on a unix socket at `path`, in place of a stale one, in one step: a client finds
 * the old socket or the new one, and the new one has its owner and mode from the start.
 */
export async function listenOnOwnedSocket(server: Server, path: string, options: { uid: number; mode: number }): Promise<void> {
  const temporary = join(dirname(path), '.new')
  await rm(temporary, { force: true })
  const listening = Promise.withResolvers<void>()
  server.once('error', listening.reject)
  server.listen(temporary, listening.resolve)
  await listening.promise
  server.off('error', listening.reject)
  await chown(temporary, options.uid, options.uid)
  await chmod(temporary, options.mode)
  await rename(temporary, path)
}
