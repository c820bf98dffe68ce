import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hashFiles, isFresh, listTree, writeStamp } from './fresh.ts'

/**
 * Programs that are bundled: what starts often or long must not be read as TypeScript, module by module.
 * The commands are CommonJS, which Node starts milliseconds sooner.
 */
const bundles: readonly Bundle[] = [
  { name: 'cli', entry: 'src/cli/main.ts', format: 'cjs' },
  { name: 'boot', entry: 'src/boot/main.ts', format: 'cjs' },
  { name: 'node', entry: 'src/node/main.ts', format: 'esm' },
]

interface Bundle {
  name: string
  entry: string
  format: 'cjs' | 'esm'
}

export type Built = { name: string; did: 'built' | 'fresh' | 'absent'; ms: number }

/** Builds the native programs and the bundles of a checkout, leaving out what is fresh by content. */
export async function buildAll(root: string): Promise<Built[]> {
  const results = [timed('native', () => buildNative(root))]
  const sources = listTree(join(root, 'src'), (path) => path.endsWith('.ts') && !/\.(test|suite)\.ts$/.test(path))
  const hash = hashFiles([...sources, join(root, 'package-lock.json'), join(root, 'tools/build.ts')])
  for (const bundle of bundles) {
    const started = performance.now()
    const did = await buildBundle(root, bundle, hash)
    results.push({ name: bundle.name, did, ms: Math.round(performance.now() - started) })
  }
  return results
}

function timed(name: string, build: () => Built['did']): Built {
  const started = performance.now()
  const did = build()
  return { name, did, ms: Math.round(performance.now() - started) }
}

function buildNative(root: string): Built['did'] {
  const builder = join(root, 'tools/build-native.ts')
  if (!existsSync(builder)) return 'absent'
  const stamp = join(root, 'build/native/.stamp')
  const guest = join(root, 'guest')
  const hash = hashFiles([...listTree(join(root, 'native'), () => true), ...listTree(guest, () => true), builder])
  if (isFresh(stamp, hash)) return 'fresh'
  const { status } = spawnSync(process.execPath, [builder], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) throw new Error('The native programs could not be built; the lines above say why.')
  // What zones see under /native is compiled programs and these files; the daemon takes both from one place.
  const fresh = join(root, `build/native/guest.new-${process.pid}`)
  cpSync(guest, fresh, { recursive: true })
  replaceDirectory(fresh, join(root, 'build/native/guest'))
  writeStamp(stamp, hash)
  return 'built'
}

async function buildBundle(root: string, bundle: Bundle, hash: string): Promise<Built['did']> {
  const input = join(root, bundle.entry)
  if (!existsSync(input)) return 'absent'
  const target = join(root, 'dist', bundle.name)
  const stamp = join(target, '.stamp')
  if (isFresh(stamp, hash)) return 'fresh'
  const fresh = `${target}.new-${process.pid}`
  removeLeftovers(join(root, 'dist'))
  // Loaded here, as a build with nothing to do must not pay for it.
  const { rolldown } = await import('rolldown')
  const build = await rolldown({ input: { main: input }, cwd: root, platform: 'node', tsconfig: join(root, 'tsconfig.json'), onLog: refuseUnresolved })
  try {
    await build.write({ dir: fresh, format: bundle.format, entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' })
  } finally {
    await build.close()
  }
  // The repository's own package.json would make CommonJS files ES modules.
  writeFileSync(join(fresh, 'package.json'), JSON.stringify({ type: bundle.format === 'cjs' ? 'commonjs' : 'module' }))
  writeStamp(join(fresh, '.stamp'), hash)
  replaceDirectory(fresh, target)
  return 'built'
}

/** Directories of builds that were killed. */
function removeLeftovers(directory: string): void {
  for (const name of existsSync(directory) ? readdirSync(directory) : []) {
    const pid = /\.(?:new|old)-(\d+)$/.exec(name)?.[1]
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) rmSync(join(directory, name), { recursive: true, force: true })
  }
}

/** An import such as `#host/gone.ts` is only a warning to the bundler, which leaves it in for run time. */
function refuseUnresolved(_level: string, log: { code?: string; message: string }): void {
  if (log.code === 'UNRESOLVED_IMPORT') throw new Error(log.message)
}

/** Puts a directory in another's place; programs that start meanwhile find the one or the other nearly always. */
function replaceDirectory(from: string, to: string): void {
  const old = `${to}.old-${process.pid}`
  if (existsSync(to)) renameSync(to, old)
  renameSync(from, to)
  rmSync(old, { recursive: true, force: true })
}

if (import.meta.main) {
  try {
    for (const { name, did, ms } of await buildAll(join(import.meta.dirname, '..'))) console.log(`${name}: ${did} (${ms} ms)`)
  } catch (error) {
    // The message says which import or program it was; where in the bundler it was noticed helps nobody.
    console.error((error as Error).message)
    process.exitCode = 1
  }
}
