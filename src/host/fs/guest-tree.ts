import { constants } from 'node:fs'
import { lstat, mkdir, open, readdir, readlink, rename, rm, symlink } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'

/**
 * Files in a guest's root tree, written by the host. A guest may have put a link anywhere, so no link is
 * ever followed: a path that meets one, or a file where a directory should be, is left alone. Only to be
 * used while nothing of the guest runs, for then nobody can change the tree between the look and the write.
 */

/**
 * Replaces or makes `path` (absolute, as the guest sees it). False when the tree does not allow it. On any error
 * (a full disk) the old file stays.
 */
export async function writeGuestFile(root: string, path: string, text: string, mode = 0o644): Promise<boolean> {
  const target = join(root, normalize(path))
  if (!(await ensurePlainDirectories(root, dirname(normalize(path))))) return false
  const present = await lstatOrNull(target)
  const temporary = join(dirname(target), '.spirula.new')
  const left = await lstatOrNull(temporary)
  if (present?.isDirectory() === true || left?.isDirectory() === true) return false
  if (left !== null) await rm(temporary)
  try {
    await writeNewFile(temporary, text, mode)
    await rename(temporary, target)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  return true
}

async function writeNewFile(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, mode)
  try {
    await file.writeFile(text)
    await file.chmod(mode)
  } finally {
    await file.close()
  }
}

/** Makes a link at `path` to `target` (as the guest sees it), unless something is there. False when the tree does not allow it. */
export async function linkGuestFile(root: string, path: string, target: string): Promise<boolean> {
  if (!(await ensurePlainDirectories(root, dirname(normalize(path))))) return false
  const place = join(root, normalize(path))
  if ((await lstatOrNull(place)) === null) await symlink(target, place)
  return true
}

/** Whether `path` is there, without following any link on the way. */
export async function guestFileExists(root: string, path: string): Promise<boolean> {
  let at = root
  for (const part of normalize(path).split('/').filter(Boolean)) {
    at = join(at, part)
    const present = await lstatOrNull(at)
    if (present === null) return false
    if (present.isSymbolicLink()) return at === join(root, normalize(path))
  }
  return true
}

/** Removes a file or link; gone is fine. What the tree does not allow, or a directory, stays. */
export async function removeGuestFile(root: string, path: string): Promise<void> {
  if (!(await ensurePlainDirectories(root, dirname(normalize(path))))) return
  const place = join(root, normalize(path))
  if ((await lstatOrNull(place))?.isDirectory() === false) await rm(place, { force: true })
}

/** Text of a link in the tree, or null; `path`'s directories must be plain. */
export async function readGuestLink(root: string, path: string): Promise<string | null> {
  return await readlink(join(root, normalize(path))).catch(() => null)
}

async function ensurePlainDirectories(root: string, path: string): Promise<boolean> {
  let at = root
  for (const part of path.split('/').filter(Boolean)) {
    at = join(at, part)
    const present = await lstatOrNull(at)
    if (present === null) await mkdir(at, { mode: 0o755 })
    else if (!present.isDirectory()) return false
  }
  return true
}

/** Whether there is a directory, no link, with nothing in it; `path` is a single name. */
export async function isEmptyGuestDirectory(root: string, path: string): Promise<boolean> {
  const place = join(root, normalize(path))
  return (await lstatOrNull(place))?.isDirectory() === true && (await readdir(place)).length === 0
}

async function lstatOrNull(path: string): Promise<Awaited<ReturnType<typeof lstat>> | null> {
  return await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null
    throw error
  })
}
