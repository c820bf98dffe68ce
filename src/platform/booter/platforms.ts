import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { platformDirectory, platformFiles, stampPattern } from '#contracts/platform/names.ts'
import { listDirectory } from '#host/fs/atomic.ts'

/** Stamps of the whole images in a directory, the oldest first. */
export async function readStamps(directory: string): Promise<string[]> {
  const prefix = platformDirectory('')
  const stamps = (await listDirectory(directory)).flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []))
  return stamps.filter((stamp) => stampPattern.test(stamp) && existsSync(join(directory, platformDirectory(stamp), platformFiles.checksums))).toSorted()
}

/** Path of a file of an image; null when it is not one of its files. */
export function platformFilePath(directory: string, stamp: string, name: string): string | null {
  const known: readonly string[] = Object.values(platformFiles)
  return stampPattern.test(stamp) && known.includes(name) ? join(directory, platformDirectory(stamp), name) : null
}
