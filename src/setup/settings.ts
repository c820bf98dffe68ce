import { join } from 'node:path'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { AppError } from '#contracts/errors.ts'
import { ensureDirectory, readJsonFile, writeFileAtomic } from '#host/fs/atomic.ts'

/** Choices of `./spirula up` that later runs keep. */
export interface Choices {
  pool: string
  pool_size_bytes: number
  /** Name of the cgroup above those of the zones: two daemons on one machine (tests) must not share it. */
  cgroup_parent: string
}

/** Where the parts of a node lie on this machine. */
export interface Places {
  /** The checkout. */
  root: string
  /** Of the pool's file, and of these choices. */
  backingDir: string
  runDir: string
  logFile: string
  imageCache: string
  commandDir: string
  /** Of manual pages and shell completions. */
  shareDir: string
}

export function renderPlaces(root: string): Places {
  return {
    root,
    backingDir: '/var/lib/spirula',
    runDir: '/run/spirula',
    logFile: '/var/log/spirula/daemon.log',
    imageCache: '/var/cache/spirula/images',
    commandDir: '/usr/local/sbin',
    shareDir: '/usr/local/share',
  }
}

export function socketOf(places: Places): string {
  return join(places.runDir, 'daemon.sock')
}

export interface UpOptions {
  given: Partial<Choices>
  /** Make the first zone. */
  zone: boolean
}

/** Options of `up`. Throws Usage. */
export function parseUpOptions(words: readonly string[]): UpOptions {
  const { values } = parseWords(words)
  const pool = values.pool
  if (pool !== undefined && !/^[A-Za-z][A-Za-z0-9_.-]{0,63}$/.test(pool))
    throw new AppError('Usage', `"${pool}" cannot be the name of a pool: letters, digits, "_", "." and "-", a letter first.`)
  const size = values['pool-size']
  const parent = values['cgroup-parent']
  if (parent !== undefined && !/^[a-z][a-z0-9-]{0,31}$/.test(parent))
    throw new AppError('Usage', `"${parent}" cannot be the name of a cgroup: small letters, digits and "-", a letter first.`)
  return {
    given: {
      ...(pool === undefined ? {} : { pool }),
      ...(parent === undefined ? {} : { cgroup_parent: parent }),
      ...(size === undefined ? {} : { pool_size_bytes: parseSize(size) }),
    },
    zone: values['no-zone'] !== true,
  }
}

function parseWords(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      options: { 'pool': { type: 'string' }, 'pool-size': { type: 'string' }, 'cgroup-parent': { type: 'string' }, 'no-zone': { type: 'boolean' } },
    })
  } catch (cause) {
    throw new AppError('Usage', 'up does not understand its options.', { cause, hint: './spirula --help' })
  }
}

const units: Readonly<Record<string, number>> = { M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 }

/** Bytes of `20G`, `512M`, `1T`; the smallest pool is 1 GiB. Throws Usage. */
export function parseSize(text: string): number {
  const match = /^(\d{1,6})([MGT])i?B?$/i.exec(text)
  const bytes = match === null ? 0 : Number(match[1]) * units[match[2]!.toUpperCase()]!
  if (bytes < 2 ** 30) throw new AppError('Usage', `"${text}" is no size of a pool: a number with M, G or T, at least 1G.`)
  return bytes
}

const defaults: Choices = { pool: 'zones', pool_size_bytes: 20 * 2 ** 30, cgroup_parent: 'spirula' }

/** The choices given now over those of earlier runs, kept for later ones. */
export async function ensureChoices(places: Places, given: Partial<Choices>): Promise<Choices> {
  const path = join(places.backingDir, 'setup.json')
  const kept = (await readJsonFile(path)) as Partial<Choices> | null
  const choices = { ...defaults, ...kept, ...given }
  if (kept === null || !isDeepStrictEqual(choices, kept)) {
    await ensureDirectory(places.backingDir, 0o700)
    await writeFileAtomic(path, `${JSON.stringify(choices, null, 2)}\n`)
  }
  return choices
}
