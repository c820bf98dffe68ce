import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { AppError } from '#contracts/errors.ts'
import type { KeptPackage } from '#contracts/platform/package-record.ts'
import { platformPaths } from '#contracts/platform/names.ts'
import { fieldOf } from '#plan/custom/dependencies.ts'
import { parseContents, problemOfContents } from '#plan/custom/packages.ts'
import type { System } from '../system.ts'

/** What a package file says of itself. */
export async function readDeb(system: System, directory: string, file: string): Promise<KeptPackage> {
  const path = join(directory, file)
  const { stdout } = await system.run(['dpkg-deb', '--field', path])
  const depends = [fieldOf(stdout, 'Pre-Depends'), fieldOf(stdout, 'Depends')].filter((field) => field !== '').join(', ')
  return {
    name: fieldOf(stdout, 'Package'),
    version: fieldOf(stdout, 'Version'),
    architecture: fieldOf(stdout, 'Architecture'),
    file,
    sha256: await readSha256(path),
    depends,
    provides: fieldOf(stdout, 'Provides'),
  }
}

export async function readSha256(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

/** NotSupported when a file of the package would hide one of the platform, or lies where none can be added. */
export async function checkContents(system: System, directory: string, { name, file }: KeptPackage): Promise<void> {
  const { stdout } = await system.run(['dpkg-deb', '--contents', join(directory, file)], { timeoutMs: 120_000 })
  const problem = problemOfContents(name, parseContents(stdout), (path) => existsSync(join(platformPaths.pristine, path)))
  if (problem !== null) throw new AppError('NotSupported', problem)
}

/** Whether the package's script after unpacking, which does not run here, would make a user. */
export async function makesUser(system: System, directory: string, { file }: KeptPackage): Promise<boolean> {
  // 2: it has no such script.
  const { stdout } = await system.run(['dpkg-deb', '--info', join(directory, file), 'postinst'], { okCodes: [0, 2] })
  return /^[^#\n]*\b(adduser|useradd)\b/m.test(stdout)
}
