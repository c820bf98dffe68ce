import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

/** Makes a file of that size that takes no space yet, such as a guest's disk; one that is there is left as it is. True when it was made. */
export async function ensureSparseFile(path: string, sizeBytes: number): Promise<boolean> {
  const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600).catch(ignoreExisting)
  if (file === null) return false
  try {
    await file.truncate(sizeBytes)
  } finally {
    await file.close()
  }
  return true
}

function ignoreExisting(error: NodeJS.ErrnoException): null {
  if (error.code === 'EEXIST') return null
  throw error
}
