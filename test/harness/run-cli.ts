import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const mainPath = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

export interface CliResult {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface CliOptions {
  socketPath: string
  stdin?: string
  /** Called with everything on stdout or stderr so far, to act on it, e.g. to send a signal. */
  onOutput?: (text: string, child: ChildProcessWithoutNullStreams) => void
}

/** Runs a command line tool as a program of its own, `runCli(['vmadm', 'list'], …)`, to its end. */
export function runCli(words: readonly string[], options: CliOptions): Promise<CliResult> {
  const child = spawn(process.execPath, [mainPath, ...words], { env: { PATH: process.env['PATH'], SPIRULA_SOCKET: options.socketPath } })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (bytes: Buffer) => {
      output[name] += bytes.toString()
      options.onOutput?.(output.stdout + output.stderr, child)
    })
  }
  // A tool that needs no input may be gone before it was written.
  child.stdin.on('error', () => undefined)
  child.stdin.end(options.stdin ?? '')
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, ...output }))
  })
}
