import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import type { KeptPackage } from '#contracts/platform/package-record.ts'
import { removeTree } from '#host/fs/atomic.ts'
import { ensureLink, ensureReadableDirectory } from '#host/fs/owned.ts'
import { choosePackages, packagesKey } from '#plan/custom/packages.ts'
import type { System } from '../system.ts'
import { checkContents, readSha256 } from './deb-file.ts'
import { extension, extensionKey, extensionRelease, extensionsDirectory, packagePlaces } from './places.ts'
import { readPackageFacts } from './read-facts.ts'

/**
 * Makes the packages kept that fit this platform part of its /usr, by systemd-sysext, and none else. What they bring for
 * /etc and /var is copied where nothing is yet; systemd must be told to read its units again. No script of a package runs (docs/adr/0018-global-zone-packages.md).
 */
export async function mergePackages(system: System): Promise<void> {
  const facts = await readPackageFacts(system)
  const { use } = choosePackages(facts)
  const key = packagesKey(use)
  if ((facts.merged ?? '') === key) return
  const link = join(extensionsDirectory, extension)
  if (use.length === 0) await system.remove(link)
  else {
    const tree = join(packagePlaces.trees, createHash('sha256').update(key).digest('hex').slice(0, 16))
    if ((await system.read(join(tree, extensionKey))) !== key) await buildTree(system, tree, { use, key })
    await ensureReadableDirectory(extensionsDirectory)
    await ensureLink(link, tree)
  }
  await refresh(system)
  if (use.length > 0) await settle(system, link)
  await removeOtherTrees(system, key)
}

/** /opt is a dataset of the pool: a package must not hide it. */
async function refresh(system: System): Promise<void> {
  await system.run(['systemd-sysext', 'refresh', '--no-reload'], { env: { SYSTEMD_SYSEXT_HIERARCHIES: '/usr' } })
}

async function buildTree(system: System, tree: string, { use, key }: { use: readonly KeptPackage[]; key: string }): Promise<void> {
  await removeTree(tree)
  await ensureReadableDirectory(join(tree, 'usr'))
  // Packages that still say /lib mean what is below /usr.
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    await ensureReadableDirectory(join(tree, 'usr', name))
    await ensureLink(join(tree, name), `usr/${name}`)
  }
  for (const found of use) {
    const file = join(packagePlaces.debs, found.file)
    if ((await readSha256(file)) !== found.sha256)
      throw new AppError('StateCorrupt', `The file ${file} is not the one that was fetched.`, { hint: `spirula-boot package add ${found.name}` })
    // Asked again: another platform may have got a file of that name.
    await checkContents(system, packagePlaces.debs, found)
    await system.run(['dpkg-deb', '--extract', file, tree], { timeoutMs: 300_000 })
  }
  await ensureReadableDirectory(join(tree, 'usr/lib/extension-release.d'))
  await system.write(join(tree, extensionRelease), 'ID=_any\n', { mode: 0o644 })
  await ensureReadableDirectory(join(tree, 'usr/lib/spirula'))
  await system.write(join(tree, extensionKey), key, { mode: 0o644 })
}

/** What the scripts of most packages do: configuration files, users, directories. */
async function settle(system: System, tree: string): Promise<void> {
  for (const name of ['etc', 'var']) {
    if ((await system.list(join(tree, name))).length > 0) await system.run(['cp', '--archive', '--update=none', `${join(tree, name)}/.`, `/${name}/`])
  }
  const users = await configurations(system, tree, 'sysusers.d')
  if (users.length > 0) await system.run(['systemd-sysusers', ...users])
  await createPackageFiles(system)
}

/** Makes the directories that merged packages ask for. Some may need users that are declared, and applied later than packages. */
export async function createPackageFiles(system: System): Promise<void> {
  const files = await configurations(system, join(extensionsDirectory, extension), 'tmpfiles.d')
  if (files.length > 0) await system.run(['systemd-tmpfiles', '--create', ...files], { okCodes: [0, 65, 73] })
}

async function configurations(system: System, tree: string, name: string): Promise<string[]> {
  return (await system.list(join(tree, 'usr/lib', name))).filter((file) => file.endsWith('.conf'))
}

async function removeOtherTrees(system: System, key: string): Promise<void> {
  for (const name of await system.list(packagePlaces.trees)) {
    const tree = join(packagePlaces.trees, name)
    if ((await system.read(join(tree, extensionKey))) !== key) await removeTree(tree)
  }
}
