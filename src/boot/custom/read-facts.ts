import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Custom, customPaths } from '#contracts/platform/custom.ts'
import { platformPaths } from '#contracts/platform/names.ts'
import { homeOf } from '#plan/custom/accounts.ts'
import type { Accounts, CustomFacts, FileFact, UnitFact } from '#plan/custom/facts.ts'
import { filesOf } from '#plan/custom/files.ts'
import { sysctlPath } from '#plan/custom/kernel.ts'
import { unitTarget } from '#plan/custom/units.ts'
import { keysPath } from '#plan/custom/users.ts'
import { readPackageFacts } from '../package/read-facts.ts'
import type { System } from '../system.ts'

/** Longer files are not read: no unit and no file of /etc is. */
const fileMaxBytes = 65_536
const unitFilesMax = 500

/** All that `planCustom` asks of the machine for this declaration. */
export async function readCustomFacts(system: System, custom: Custom): Promise<CustomFacts> {
  const unitFiles = await readUnitFiles(system)
  const { paths, sources } = filesOf(custom)
  const own = [...custom.users.map(({ name }) => keysPath(name)), keysPath('root'), ...[...unitFiles.keys()].map((name) => join(unitTarget, name))]
  const units = [...custom.systemd.enable, ...custom.systemd.disable, ...[...unitFiles.keys()].filter((name) => !name.includes('/'))]
  return {
    accounts: await readAccounts(system, '/etc'),
    pristine: await readAccounts(system, `${platformPaths.pristine}/etc`),
    shells: (await system.read('/etc/shells')) ?? '',
    files: await readMap([...paths, ...own], async (path) => await readFileFact(system, path)),
    sources: await readMap(sources, async (path) => await readSource(system, path)),
    sysctl: await readMap(Object.keys(custom.sysctl).map(sysctlPath), async (path) => await readSetting(system, path)),
    modules: await readModules(system, custom),
    directories: await readDirectories(custom.users.map(homeOf)),
    unit_files: unitFiles,
    units: units.length === 0 ? new Map() : await readUnits(system, units),
    packages: await readPackageFacts(system, custom.packages),
  }
}

async function readMap<Value>(keys: readonly string[], read: (key: string) => Promise<Value>): Promise<Map<string, Value>> {
  return new Map(await Promise.all(keys.map(async (key) => [key, await read(key)] as const)))
}

async function readAccounts(system: System, directory: string): Promise<Accounts> {
  const read = async (name: string): Promise<string> => (await system.read(join(directory, name))) ?? ''
  return { passwd: await read('passwd'), group: await read('group'), shadow: await read('shadow') }
}

async function readFileFact(system: System, path: string): Promise<FileFact | null> {
  const about = await stat(path).catch(() => null)
  if (about === null || !about.isFile() || about.size > fileMaxBytes) return null
  return { text: (await system.read(path)) ?? '', mode: about.mode & 0o777 }
}

async function readSource(system: System, path: string): Promise<{ text: string } | { problem: string }> {
  const about = await stat(path).catch(() => null)
  if (about === null) return { problem: `The source ${path} is missing.` }
  if (!about.isFile()) return { problem: `The source ${path} is not a file.` }
  if (about.size > fileMaxBytes) return { problem: `The source ${path} is longer than ${fileMaxBytes} bytes.` }
  return { text: (await system.read(path)) ?? '' }
}

async function readSetting(system: System, path: string): Promise<string | null> {
  // Some can only be written; those are written each time.
  return await system.read(join('/proc/sys', path)).catch(() => '')
}

/** /sys/module has what is loaded and, of what is built in, that which has parameters; the rest is in modules.builtin. */
async function readModules(system: System, custom: Custom): Promise<Set<string>> {
  if (custom.kernel_modules.length === 0) return new Set()
  const release = ((await system.read('/proc/sys/kernel/osrelease')) ?? '').trim()
  const builtIn = ((await system.read(`/usr/lib/modules/${release}/modules.builtin`)) ?? '').matchAll(/([^/\n]+)\.ko$/gm)
  return new Set([...(await system.list('/sys/module')), ...[...builtIn].map(([, name]) => name!.replaceAll('-', '_'))])
}

async function readDirectories(paths: readonly string[]): Promise<Set<string>> {
  const found = await Promise.all(paths.map(async (path) => ((await stat(path).catch(() => null))?.isDirectory() === true ? path : null)))
  return new Set(found.filter((path) => path !== null))
}

/** Files and the files of drop-in directories, by path below the directory they are in. */
async function readUnitFiles(system: System): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const directory of customPaths.units) {
    for (const path of await listUnitFiles(system, directory)) {
      const fact = found.has(path) || found.size >= unitFilesMax ? null : await readFileFact(system, join(directory, path))
      if (fact !== null) found.set(path, fact.text)
    }
  }
  return found
}

async function listUnitFiles(system: System, directory: string): Promise<string[]> {
  const names = (await system.list(directory)).toSorted()
  const listed = await Promise.all(
    names.map(async (name) => (name.endsWith('.d') ? (await system.list(join(directory, name))).map((inner) => join(name, inner)) : [name])),
  )
  return listed.flat()
}

const unitProperties = 'Id,Names,LoadState,ActiveState,Type,Result,UnitFileState'

async function readUnits(system: System, units: readonly string[]): Promise<Map<string, UnitFact>> {
  const { stdout } = await system.run(['systemctl', 'show', `--property=${unitProperties}`, '--', ...units], { timeoutMs: 20_000, okCodes: [0, 1] })
  return parseUnits(stdout)
}

/** From `systemctl show` of some units: stanzas of NAME=VALUE. A unit is there under all its names. */
export function parseUnits(text: string): Map<string, UnitFact> {
  const units = new Map<string, UnitFact>()
  for (const stanza of text.split('\n\n')) {
    const values = new Map(stanza.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
    const active = values.get('ActiveState') ?? ''
    const succeeded = active === 'inactive' && values.get('Type') === 'oneshot' && values.get('Result') === 'success'
    const done = succeeded && values.get('UnitFileState')?.startsWith('enabled') === true
    const names = [values.get('Id') ?? '', ...(values.get('Names') ?? '').split(' ')]
    for (const name of names) if (name !== '') units.set(name, { load: values.get('LoadState') ?? '', active, done })
  }
  return units
}
