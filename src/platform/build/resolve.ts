import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import type { PlatformPackage } from '#contracts/platform/manifest.ts'
import type { Context } from '#host/context.ts'
import { type RunResult, run } from '#host/run/run.ts'
import type { ArchiveAccess } from './archive-access.ts'

/** dpkg's record of a package of ours that stands for the compiled ZFS modules, which the archive has no package of. */
const zfsModulesRecord = `Package: spirula-zfs-modules
Status: install ok installed
Version: 1
Architecture: amd64
Provides: zfs-modules
Maintainer: Spirula
Description: ZFS modules of the platform

`

/** apt with a state of its own: this machine's own lists and settings have no part in it. */
export interface Resolver {
  /** The exact packages that are to be installed for those named, with all they need, in the order of their names. */
  resolve(packages: readonly string[]): Promise<PlatformPackage[]>
  /** Downloads one package, without what it needs, and gives the file's path. apt checks its hash. */
  download(name: string, directory: string): Promise<string>
  dispose(): Promise<void>
}

/** Reads the archive's lists, once, into a directory below `scratch`. */
export async function createResolver(access: ArchiveAccess, scratch: string, context: Context): Promise<Resolver> {
  const root = await mkdtemp(join(scratch, 'apt-'))
  await Promise.all(['lists/partial', 'cache/archives/partial', 'etc/preferences.d'].map((path) => mkdir(join(root, path), { recursive: true })))
  await writeFile(join(root, 'sources.list'), `${access.sources.join('\n')}\n`)
  await writeFile(join(root, 'status'), zfsModulesRecord)
  const settings = {
    'Dir::State::Lists': join(root, 'lists'),
    'Dir::State::status': join(root, 'status'),
    'Dir::Cache': join(root, 'cache'),
    'Dir::Etc': join(root, 'etc'),
    'Dir::Etc::SourceList': join(root, 'sources.list'),
    'Dir::Etc::SourceParts': '/dev/null',
    'APT::Architecture': 'amd64',
    'APT::Architectures': 'amd64',
    'APT::Install-Recommends': 'false',
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
    'Acquire::ForceHash': 'sha256',
    'Acquire::Retries': '3',
  }
  const options = [...Object.entries(settings).map(([name, value]) => `${name}=${value}`), ...access.options].flatMap((option) => ['-o', option])
  const apt = (words: readonly string[], cwd = root): Promise<RunResult> =>
    run(['apt-get', ...options, '-qq', ...words], { cwd, timeoutMs: 5 * 60_000 }, context)
  const dispose = async (): Promise<void> => await rm(root, { recursive: true, force: true })
  try {
    await apt(['update'])
  } catch (cause) {
    await dispose()
    throw new AppError('CommandFailed', 'The lists of the Debian archive could not be read.', { cause, hint: 'check `apt-get update` on this machine' })
  }
  return {
    resolve: async (packages) => parsePackageUris((await apt(['--yes', '--print-uris', 'install', '?essential', ...packages])).stdout),
    async download(name, directory) {
      await apt(['download', name], directory)
      const file = (await readdir(directory)).find((entry) => entry.startsWith(`${name}_`))
      if (file === undefined) throw new AppError('CommandFailed', `apt-get downloaded no file for the package ${name}.`)
      return join(directory, file)
    },
    dispose,
  }
}

const uriLine = /^'[^']*' (?<name>[^_ ]+)_(?<version>[^_ ]+)_[a-z0-9]+\.deb (?<size>\d+) SHA256:(?<sha256>[0-9a-f]{64})$/

/** Lines of `apt-get --print-uris` (apt-get(8)): `'URI' NAME_VERSION_ARCH.deb SIZE SHA256:HASH`; `%3a` in a version is its colon. */
export function parsePackageUris(text: string): PlatformPackage[] {
  const lines = text.split('\n').filter((line) => line.startsWith("'"))
  const packages = lines.map((line) => {
    const { name, version, size, sha256 } = uriLine.exec(line)?.groups ?? {}
    if (name === undefined) throw new AppError('CommandFailed', `apt-get printed a line that names no package: ${line.slice(0, 200)}`)
    return { name, version: decodeURIComponent(version!), size: Number(size), sha256: sha256! }
  })
  return packages.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}
