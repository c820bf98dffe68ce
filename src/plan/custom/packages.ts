import type { Custom } from '#contracts/platform/custom.ts'
import type { KeptPackage, PackageRecord } from '#contracts/platform/package-record.ts'
import { type AvailablePackage, dependedNames, findUnmet, namesOf } from './dependencies.ts'
import type { CustomFacts, CustomItem } from './facts.ts'

export interface PackageFacts {
  record: PackageRecord
  /** What the platform itself is made of. */
  platform: readonly AvailablePackage[]
  /** Names of the files that are there to unpack. */
  files: ReadonlySet<string>
  /** Key of the packages that are merged into /usr now; null = none are. */
  merged: string | null
}

export interface PackageChoice {
  /** Those to be unpacked, by name. */
  use: KeptPackage[]
  /** Why another is not, by name. */
  problems: ReadonlyMap<string, string>
}

/**
 * Which of the packages kept fit this platform. One that the platform has itself is left out: its version is the one
 * that was tested. One whose needs are not met is left out too, and then those which need that one.
 */
export function choosePackages(facts: PackageFacts): PackageChoice {
  const own = new Set(facts.platform.map(({ name }) => name))
  const problems = new Map<string, string>()
  let use = facts.record.packages.filter(({ name }) => !own.has(name)).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  for (;;) {
    const kept = use.filter((found) => {
      const problem = problemOf(found, facts, [...facts.platform, ...use])
      if (problem !== null) problems.set(found.name, problem)
      return problem === null
    })
    if (kept.length === use.length) return { use: kept, problems }
    use = kept
  }
}

function problemOf(found: KeptPackage, facts: PackageFacts, available: readonly AvailablePackage[]): string | null {
  const again = `type: spirula-boot package add ${found.name}`
  if (!facts.files.has(found.file)) return `The file ${found.file} of the package ${found.name} is gone; ${again}.`
  const unmet = findUnmet(found.depends, available)
  return unmet.length === 0 ? null : `The package ${found.name} ${found.version} needs ${unmet.join(' and ')}, which this platform has not; ${again}.`
}

/** Stands for a set of packages: what is merged is right when its key is this one. */
export function packagesKey(use: readonly KeptPackage[]): string {
  return use.map(({ name, version, sha256 }) => `${name} ${version} ${sha256}\n`).join('')
}

export function planPackages(facts: CustomFacts, custom: Custom): CustomItem[] {
  const { record, platform, merged } = facts.packages
  const { use, problems } = choosePackages(facts.packages)
  const fresh = (merged ?? '') === packagesKey(use)
  const own = new Set(platform.map(({ name }) => name))
  return custom.packages.map((name): CustomItem => {
    const item = { kind: 'package', name } as const
    const kept = record.packages.some((found) => found.name === name)
    if (!kept && !own.has(name)) return { ...item, steps: [], problem: `The package ${name} has not been fetched; type: spirula-boot package add ${name}.` }
    const problem = problems.get(name)
    if (problem !== undefined) return { ...item, steps: [], problem }
    return { ...item, steps: fresh || own.has(name) ? [] : [{ kind: 'packages.merge' }] }
  })
}

/** The packages of a record that the wanted ones need, directly or not. */
export function neededPackages(packages: readonly KeptPackage[], wanted: readonly string[]): KeptPackage[] {
  const byName = Map.groupBy(
    packages.flatMap((found) => namesOf(found).map(({ name }) => ({ name, found }))),
    ({ name }) => name,
  )
  const needed = new Set<KeptPackage>()
  const todo = [...wanted]
  for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
    for (const { found } of byName.get(name) ?? []) {
      if (needed.has(found)) continue
      needed.add(found)
      todo.push(...dependedNames(found.depends))
    }
  }
  return packages.filter((found) => needed.has(found))
}

/** Paths of files (not of directories) in a listing of `dpkg-deb --contents`, from the root, with /lib and its like as below /usr. */
export function parseContents(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('d'))
    .map((line) => /^\S+ \S+ +\S+ \S+ \S+ \.(\/.*?)(?: -> .*| link to .*)?$/.exec(line)?.[1])
    .filter((path) => path !== undefined)
    .map((path) => path.replace(/^\/(bin|sbin|lib|lib64)\//, '/usr/$1/'))
}

/** Why a package with these files cannot be merged; null when it can. `exists` tells whether the platform has a path. */
export function problemOfContents(name: string, paths: readonly string[], exists: (path: string) => boolean): string | null {
  const outside = paths.find((path) => !/^\/(usr|etc|var)\//.test(path))
  if (outside !== undefined) return `The package ${name} has the file ${outside}, outside of /usr, /etc and /var.`
  const own = paths.find((path) => path.startsWith('/usr/') && !path.startsWith('/usr/share/doc/') && exists(path))
  return own === undefined ? null : `The package ${name} would replace ${own}, which is the platform's own.`
}
