/** A package that is there, under its own name or one that it provides. */
export interface AvailablePackage {
  name: string
  version: string
  /** The `Provides` field. */
  provides: string
}

interface Relation {
  name: string
  operator?: string
  version?: string
}

/** Installed packages of a dpkg status file. */
export function parseDpkgStatus(text: string): AvailablePackage[] {
  return text
    .split('\n\n')
    .filter((stanza) => /^Status: \S+ ok installed$/m.test(stanza))
    .map((stanza) => ({ name: fieldOf(stanza, 'Package'), version: fieldOf(stanza, 'Version'), provides: fieldOf(stanza, 'Provides') }))
}

/** A field of a stanza, its continuation lines joined; '' when there is none. */
export function fieldOf(stanza: string, name: string): string {
  const found = new RegExp(`^${name}:((?:.*)(?:\\n[ \\t].*)*)`, 'm').exec(stanza)
  return (found?.[1] ?? '').replace(/\s+/g, ' ').trim()
}

/** Clauses of a `Depends` field that nothing available satisfies, as they are written. */
export function findUnmet(depends: string, available: readonly AvailablePackage[]): string[] {
  const byName = Map.groupBy(available.flatMap(namesOf), ({ name }) => name)
  return splitList(depends, ',').filter((clause) => {
    const alternatives = splitList(clause, '|').map(parseRelation)
    return !alternatives.some((wanted) => (byName.get(wanted.name) ?? []).some(({ version }) => satisfies(version, wanted)))
  })
}

/** Names of a `Depends` field, all alternatives. */
export function dependedNames(depends: string): string[] {
  return splitList(depends, ',').flatMap((clause) => splitList(clause, '|').map((text) => parseRelation(text).name))
}

/** A package under all its names; one it provides without a version satisfies no wish for a version. */
export function namesOf(found: AvailablePackage): { name: string; version: string | null }[] {
  const provided = splitList(found.provides, ',').map(parseRelation)
  return [{ name: found.name, version: found.version }, ...provided.map(({ name, version }) => ({ name, version: version ?? null }))]
}

function splitList(text: string, mark: string): string[] {
  return text
    .split(mark)
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

function parseRelation(text: string): Relation {
  const [, name = text, operator, version] = /^([a-z0-9][a-z0-9+.-]*)(?::[a-z0-9]+)?(?:\s*\((<<|<=|=|>=|>>)\s*([^)\s]+)\s*\))?/.exec(text) ?? []
  return operator === undefined || version === undefined ? { name } : { name, operator, version }
}

function satisfies(present: string | null, { operator, version }: Relation): boolean {
  if (operator === undefined || version === undefined) return true
  if (present === null) return false
  const order = compareVersions(present, version)
  const answers: Record<string, boolean> = { '<<': order < 0, '<=': order <= 0, '=': order === 0, '>=': order >= 0, '>>': order > 0 }
  return answers[operator] ?? false
}

/** Order of two Debian versions, by deb-version(7): epoch, then upstream version, then revision. */
export function compareVersions(left: string, right: string): number {
  const [a, b] = [splitVersion(left), splitVersion(right)]
  return a.epoch - b.epoch || comparePart(a.upstream, b.upstream) || comparePart(a.revision, b.revision)
}

function splitVersion(text: string): { epoch: number; upstream: string; revision: string } {
  const [, epoch = '0', rest = ''] = /^(?:(\d+):)?(.*)$/.exec(text) ?? []
  const dash = rest.lastIndexOf('-')
  return { epoch: Number(epoch), upstream: dash < 0 ? rest : rest.slice(0, dash), revision: dash < 0 ? '' : rest.slice(dash + 1) }
}

/** Runs of non-digits and of digits in turn. */
function comparePart(left: string, right: string): number {
  const [a, b] = [left, right].map((text) => [...text.matchAll(/(\D*)(\d*)/g)].filter(([all]) => all !== ''))
  for (let index = 0; index < Math.max(a!.length, b!.length); index += 1) {
    const [, wordA = '', numberA = ''] = a![index] ?? []
    const [, wordB = '', numberB = ''] = b![index] ?? []
    const order = compareWords(wordA, wordB) || Number(numberA) - Number(numberB)
    if (order !== 0) return order
  }
  return 0
}

/** A tilde comes before the end, the end before letters, letters before all else. */
function compareWords(left: string, right: string): number {
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const order = weight(left[index]) - weight(right[index])
    if (order !== 0) return order
  }
  return 0
}

function weight(character: string | undefined): number {
  if (character === undefined) return 0
  if (character === '~') return -1
  return /[A-Za-z]/.test(character) ? character.charCodeAt(0) : character.charCodeAt(0) + 256
}
