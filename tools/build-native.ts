import { mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Context, silentLog } from '#host/context.ts'
import { run } from '#host/run/run.ts'

/*
 * Compiles each native/NAME.c, with its parts native/NAME/*.c, to build/native/NAME: static, so that a
 * program runs in any zone and on any host. What is newer than its sources is left alone.
 */
const root = fileURLToPath(new URL('..', import.meta.url))
const source = join(root, 'native')
const target = join(root, 'build/native')
const flags = ['-static', '-s', '-Os', '-Wall', '-Wextra', '-Werror']

/** Builds all native programs; resolves to the names of those that were compiled now. */
export async function buildNative(context: Context): Promise<string[]> {
  await mkdir(target, { recursive: true })
  const names = (await readdir(source)).filter((name) => name.endsWith('.c')).map((name) => name.slice(0, -2))
  const built = await Promise.all(names.map(async (name) => ((await ensureProgram(name, context)) ? name : null)))
  return built.filter((name) => name !== null)
}

async function ensureProgram(name: string, context: Context): Promise<boolean> {
  const parts = await readdir(join(source, name)).catch(() => [])
  const files = [join(source, `${name}.c`), ...parts.filter((part) => /\.[ch]$/.test(part)).map((part) => join(source, name, part))]
  const ages = await Promise.all(files.map(async (file) => (await stat(file)).mtimeMs))
  const output = join(target, name)
  const made = await stat(output).then(
    (found) => found.mtimeMs,
    () => 0,
  )
  if (made > Math.max(...ages)) return false
  await run(['/usr/bin/musl-gcc', ...flags, '-o', output, ...files.filter((file) => file.endsWith('.c'))], {}, context)
  return true
}

if (import.meta.main) {
  const built = await buildNative({ signal: new AbortController().signal, log: silentLog, now: () => new Date() })
  console.log(built.length === 0 ? 'native programs are fresh' : `built ${built.join(', ')}`)
}
