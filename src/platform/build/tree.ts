import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { PlatformPackage } from '#contracts/platform/manifest.ts'
import type { Context } from '#host/context.ts'
import { removeFile } from '#host/fs/atomic.ts'
import { run } from '#host/run/run.ts'
import type { ArchiveAccess } from './archive-access.ts'
import { leftOut, suite } from './packages.ts'

/** Newest modification time in a tree. A constant, as what is newer differs from build to build. */
export const treeEpoch = 1_767_225_600

export interface TreeRecipe {
  name: string
  packages: readonly string[]
  /** What `packages` came to: the cache's key. */
  resolved: readonly PlatformPackage[]
  /** Further mmdebstrap options. */
  options: readonly string[]
}

/** Name of a cached thing by all that goes into it. */
export function hashOf(...parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16)
}

/** Tar archive of a Debian tree of exactly these packages, from the cache when it is there. */
export async function ensureTree(recipe: TreeRecipe, access: ArchiveAccess, cache: string, context: Context): Promise<{ archive: string; key: string }> {
  const key = hashOf(recipe, leftOut, treeEpoch)
  const archive = join(cache, `${recipe.name}-${key}.tar`)
  if (!existsSync(archive)) await createTree(recipe, access, archive, context)
  return { archive, key }
}

/** Builds it anew; the same resolved packages give the same bytes. */
export async function createTree(recipe: TreeRecipe, access: ArchiveAccess, archive: string, context: Context): Promise<void> {
  const partial = `${archive}.${process.pid}.partial.tar`
  try {
    await run(renderTreeArgv(recipe, access, partial), { timeoutMs: 30 * 60_000, env: { SOURCE_DATE_EPOCH: String(treeEpoch) } }, context)
    await rename(partial, archive)
  } finally {
    await removeFile(partial)
  }
}

export function renderTreeArgv(recipe: TreeRecipe, access: ArchiveAccess, archive: string): ['mmdebstrap', ...string[]] {
  return [
    'mmdebstrap',
    '--mode=root',
    '--variant=apt',
    '--format=tar',
    '--skip=output/dev',
    `--include=${recipe.packages.join(',')}`,
    ...leftOut.map((path) => `--dpkgopt=path-exclude=${path}`),
    '--dpkgopt=path-include=/usr/share/doc/*/copyright',
    '--aptopt=APT::Install-Recommends "false";',
    '--aptopt=Acquire::Languages "none";',
    '--aptopt=Acquire::Retries "3";',
    ...access.options.map((option) => `--aptopt=${option}`),
    ...recipe.options,
    suite,
    archive,
    ...access.sources,
  ]
}

/** Unpacks a tree into an empty or new directory. */
export async function unpackTree(archive: string, directory: string, context: Context): Promise<void> {
  await mkdir(directory, { recursive: true })
  await run(['tar', '--numeric-owner', '--xattrs', '--xattrs-include=*', '-xf', archive, '-C', directory], { timeoutMs: 10 * 60_000 }, context)
}
