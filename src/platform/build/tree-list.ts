import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * A line for each thing in a tree, sorted by path: what an image is, whatever file system it lies on.
 * `PATH TYPE MODE UID:GID MTIME VALUE`, VALUE being a file's SHA-256, a link's target or a device's number.
 */
export async function listTree(root: string): Promise<string[]> {
  const lines: string[] = []
  for (const path of ['', ...(await listPaths(root, ''))].toSorted()) lines.push(await describe(root, path))
  return lines
}

/** readdir's own recursion goes through links, here out of the tree. */
async function listPaths(root: string, directory: string): Promise<string[]> {
  const paths: string[] = []
  for (const entry of await readdir(join(root, directory), { withFileTypes: true })) {
    const path = join(directory, entry.name)
    paths.push(path)
    if (entry.isDirectory()) paths.push(...(await listPaths(root, path)))
  }
  return paths
}

async function describe(root: string, path: string): Promise<string> {
  const full = join(root, path)
  const status = await lstat(full)
  const common = `/${path} ${(status.mode & 0o170000).toString(8)} ${(status.mode & 0o7777).toString(8)} ${status.uid}:${status.gid} ${Math.floor(status.mtimeMs / 1000)}`
  if (status.isFile()) return `${common} ${await hashFile(full)}`
  if (status.isSymbolicLink()) return `${common} ${await readlink(full)}`
  return status.isDirectory() ? common : `${common} ${status.rdev}`
}

/** SHA-256 of a tree's list, hexadecimal. */
export function hashTree(lines: readonly string[]): string {
  return createHash('sha256').update(lines.join('\n')).digest('hex')
}

/** SHA-256 of a file, hexadecimal. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
