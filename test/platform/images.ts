import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { appendFile, cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { platformDirectory, platformFiles } from '#contracts/platform/names.ts'
import { command } from '../bench/command.ts'
import type { Lab } from './lab.ts'

/** First process of a system that ends at once: the kernel panics, and starts the machine again. */
const brokenInit = `#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
echo 'this image is broken on purpose' >/dev/console
exit 1
`

/**
 * A copy of the lab's second image under another stamp, with a fault: `checksum`, a byte of the archive differs from
 * what the checksums say; `boot`, everything is in order but the system does not start. Gives the stamp.
 */
export async function createBrokenImage(lab: Lab, { stamp, kind }: { stamp: string; kind: 'checksum' | 'boot' }): Promise<string> {
  const directory = join(lab.directory, 'images', platformDirectory(stamp))
  await rm(directory, { recursive: true, force: true })
  await cp(join(lab.directory, 'images', platformDirectory(lab.second.stamp)), directory, { recursive: true })
  const archive = join(directory, platformFiles.archive)
  const manifest = join(directory, platformFiles.manifest)
  await writeFile(manifest, (await readFile(manifest, 'utf8')).replaceAll(lab.second.stamp, stamp))
  // Of several archives in one RAM disk the last one's files win (Documentation/driver-api/early-userspace).
  if (kind === 'boot') await appendFile(archive, await packInit(lab.directory))
  await writeChecksums(directory, manifest)
  if (kind === 'checksum') await appendFile(archive, 'x')
  return stamp
}

async function packInit(scratch: string): Promise<Buffer> {
  const tree = join(scratch, 'broken-init')
  await command(['mkdir', '-p', tree])
  await writeFile(join(tree, 'init'), brokenInit, { mode: 0o755 })
  await command(['/bin/sh', '-c', 'cd "$1" && echo init | cpio --quiet -o -H newc -R 0:0 >../broken-init.cpio', 'sh', tree])
  return await readFile(join(scratch, 'broken-init.cpio'))
}

async function writeChecksums(directory: string, manifest: string): Promise<void> {
  const text = JSON.parse(await readFile(manifest, 'utf8')) as { files: Record<string, { size: number; sha256: string }> }
  const archive = join(directory, platformFiles.archive)
  const size = Number((await command(['stat', '-c', '%s', archive])).trim())
  text.files[platformFiles.archive] = { size, sha256: await hash(archive) }
  await writeFile(manifest, JSON.stringify(text))
  const names = [platformFiles.archive, platformFiles.manifest, platformFiles.sbom, platformFiles.kernel].toSorted()
  const lines = await Promise.all(names.map(async (name) => `${await hash(join(directory, name))}  ${name}\n`))
  await writeFile(join(directory, platformFiles.checksums), lines.join(''))
}

async function hash(file: string): Promise<string> {
  const sum = createHash('sha256')
  for await (const chunk of createReadStream(file)) sum.update(chunk as Buffer)
  return sum.digest('hex')
}
