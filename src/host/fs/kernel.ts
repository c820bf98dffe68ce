import { mkdir, rmdir, writeFile } from 'node:fs/promises'

/** Writes a control file of the kernel (cgroup, sysctl): one write, no temporary file. */
export async function writeKernelFile(path: string, text: string): Promise<void> {
  await writeFile(path, text, { flag: 'r+' })
}

/** Makes a directory of a kernel file system (a cgroup); existing is fine. */
export async function ensureKernelDirectory(path: string): Promise<void> {
  await mkdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
}

/** Removes one empty directory; gone is fine. Never what is in it. */
export async function removeEmptyDirectory(path: string): Promise<void> {
  await rmdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
}
