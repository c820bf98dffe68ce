import { spawn } from 'node:child_process'

export interface CommandOptions {
  env?: Record<string, string>
  input?: string
  cwd?: string
}

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
  // `exit` and not `close`: a detached zone may keep the pipes open.
  child.on('exit', (code) => (code === 0 ? resolve(output) : reject(new Error(`${argv.join(' ')} ended with ${code}: ${errors.trim() || output.trim()}`))))
  return promise
}

/** A command whose failure does not matter: cleaning up what may not be there. */
export async function attempt(argv: readonly string[], options: CommandOptions = {}): Promise<void> {
  await command(argv, options).catch(() => '')
}
