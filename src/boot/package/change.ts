import { join } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import { customPaths, parseCustom } from '#contracts/platform/custom.ts'
import type { KeptPackage } from '#contracts/platform/package-record.ts'
import { systemDatasets } from '#contracts/platform/names.ts'
import { choosePackages, neededPackages } from '#plan/custom/packages.ts'
import { readCustom } from '../custom/apply.ts'
import type { System } from '../system.ts'
import { fetchPackages } from './apt.ts'
import { checkContents, readDeb } from './deb-file.ts'
import { mergePackages } from './merge.ts'
import { packagePlaces } from './places.ts'
import { readPackageFacts, readPackageRecord } from './read-facts.ts'

/** What came of `package add`. */
export interface AddedPackages {
  /** Fetched now, what the wanted ones need included. */
  fetched: KeptPackage[]
  /** Wanted ones that are part of the platform: nothing to do. */
  own: string[]
}

/**
 * Fetches packages with all they need, declares them and merges them into /usr. NotSupported when one of them would
 * replace a part of the platform; then nothing has changed.
 */
export async function addPackages(system: System, names: readonly string[]): Promise<AddedPackages> {
  await requirePool(system)
  const custom = await readCustom(system)
  const facts = await readPackageFacts(system)
  const platform = new Set(facts.platform.map(({ name }) => name))
  const wanted = names.filter((name) => !platform.has(name))
  if (wanted.length === 0) return { fetched: [], own: [...names] }
  const { use } = choosePackages(facts)
  // Those asked for again are looked for anew: it is how they are brought up to date.
  await fetchPackages(system, wanted, { sources: custom.package_sources, kept: use.filter(({ name }) => !names.includes(name)) })
  const fetched = await readFetched(system, new Set(facts.record.packages.map(({ file }) => file)), platform)
  const byName = new Map([...facts.record.packages, ...fetched].map((found) => [found.name, found]))
  await writeRecord(system, neededPackages([...byName.values()], [...custom.packages, ...wanted]))
  await declare(system, [...custom.packages, ...wanted])
  await mergePackages(system)
  await system.run(['systemctl', 'daemon-reload'])
  return { fetched, own: names.filter((name) => platform.has(name)) }
}

/** Takes packages out of the declaration, with what only they needed. NotFound when one is not declared. */
export async function removePackages(system: System, names: readonly string[]): Promise<KeptPackage[]> {
  await requirePool(system)
  const custom = await readCustom(system)
  const missing = names.find((name) => !custom.packages.includes(name))
  if (missing !== undefined) throw new AppError('NotFound', `The package ${missing} is not declared.`, { hint: 'spirula-boot package list' })
  const left = custom.packages.filter((name) => !names.includes(name))
  const record = await readPackageRecord()
  const needed = neededPackages(record.packages, left)
  await declare(system, left)
  await writeRecord(system, needed)
  await mergePackages(system)
  await system.run(['systemctl', 'daemon-reload'])
  return record.packages.filter((found) => !needed.includes(found))
}

async function requirePool(system: System): Promise<void> {
  for (const path of [systemDatasets.opt, systemDatasets.usbkey]) {
    if ((await system.mountAt(path)) === null)
      throw new AppError('PoolUnavailable', `Packages are kept on the pool, and nothing of a pool is mounted at ${path}.`)
  }
}

/** What apt fetched. Files that may not be kept are removed again. */
async function readFetched(system: System, known: ReadonlySet<string>, platform: ReadonlySet<string>): Promise<KeptPackage[]> {
  const files = (await system.list(packagePlaces.debs)).filter((file) => file.endsWith('.deb') && !known.has(file))
  const remove = async (): Promise<void> => {
    for (const file of files) await system.remove(join(packagePlaces.debs, file))
  }
  try {
    const fetched: KeptPackage[] = []
    for (const file of files) fetched.push(await readFit(system, file, platform))
    return fetched
  } catch (error) {
    await remove()
    throw error
  }
}

async function readFit(system: System, file: string, platform: ReadonlySet<string>): Promise<KeptPackage> {
  const found = await readDeb(system, packagePlaces.debs, file)
  if (platform.has(found.name)) {
    throw new AppError('NotSupported', `It would need ${found.name} ${found.version}, another version than the platform's own, which stays as it was tested.`, {
      hint: 'upgrade the platform first, or name package_sources that fit it',
    })
  }
  await checkContents(system, packagePlaces.debs, found)
  return found
}

/** The record first: a file that is not in it is no use, one that is missing is told of. */
async function writeRecord(system: System, packages: readonly KeptPackage[]): Promise<void> {
  await system.write(packagePlaces.record, `${JSON.stringify({ v: 1, packages }, null, 2)}\n`)
  const files = new Set(packages.map(({ file }) => file))
  for (const file of await system.list(packagePlaces.debs)) {
    if (file.endsWith('.deb') && !files.has(file)) await system.remove(join(packagePlaces.debs, file))
  }
}

/** Changes `packages` of the declaration and leaves the rest of it as it is written. */
async function declare(system: System, names: readonly string[]): Promise<void> {
  const text = (await system.read(customPaths.declaration)) ?? '{}'
  const packages = [...new Set(names)].toSorted()
  const next = `${JSON.stringify({ ...(JSON.parse(text) as object), packages }, null, 2)}\n`
  parseCustom(next, customPaths.declaration)
  await system.write(customPaths.declaration, next, { mode: 0o600 })
}
