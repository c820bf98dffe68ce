import { spawn } from 'node:child_process'

export interface CommandOptions {
  env?: Record<string, string>
  input?: string
  cwd?: string
}

/** How long what holds the pipes of a program that has ended is waited for. */
const openPipesMs = 500

/** Runs a program and gives its output; a failure throws with what it said. */
export function command(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const child = spawn(argv[0]!, argv.slice(1), {
    env: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: '/root',
      LC_ALL: 'C.UTF-8',
      DEBIAN_FRONTEND: 'noninteractive',
      ...options.env,
    },
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  })
  let output = ''
  let errors = ''
  child.stdout!.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr!.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  child.stdin?.end(options.input)
  child.on('error', reject)
  const end = (code: number | null): void =>
    code === 0 ? resolve(output) : reject(new Error(`${argv.join(' ')} ended with ${code}: ${errors.trim() || output.trim()}`))
  // What it wrote may still be on its way when it has ended; but a detached zone may keep the pipes open for ever.
  child.on('exit', (code) => void setTimeout(end, openPipesMs, code).unref())
  child.on('close', end)
  return promise
}

/** A command whose failure does not matter: cleaning up what may not be there. */
export async function attempt(argv: readonly string[], options: CommandOptions = {}): Promise<void> {
  await command(argv, options).catch(() => '')
}
