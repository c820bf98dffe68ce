import { spawn } from 'node:child_process'
import { dirname } from 'node:path'

export interface Outcome {
  /** Exit code; 1 when a signal or the time limit ended it. */
  status: number
  /** Standard output and error, as they came. */
  output: string
  ms: number
}

/** Runs a tool to its end and keeps what it says. Never throws; a tool that cannot start has status 1. */
export function runTool(argv: readonly string[], options: { cwd: string; env?: Record<string, string>; timeoutMs?: number }): Promise<Outcome> {
  const started = performance.now()
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  // NODE_TEST_CONTEXT would make a test runner below this one speak a private protocol.
  // Tools begin with `#!/usr/bin/env node`: theirs is the Node that runs this, not the machine's own.
  const PATH = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`
  const env = { ...process.env, PATH, NODE_TEST_CONTEXT: undefined, FORCE_COLOR: undefined, NO_COLOR: '1', ...options.env }
  const child = spawn(argv[0]!, argv.slice(1), { cwd: options.cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  let output = ''
  const keep = (chunk: Buffer): void => {
    output += chunk.toString()
  }
  const end = (status: number): void => {
    clearTimeout(timer)
    resolve({ status, output, ms: Math.round(performance.now() - started) })
  }
  const timer = setTimeout(
    () => {
      output += `\n${argv[0]} did not end within ${options.timeoutMs} ms and was killed.\n`
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    },
    options.timeoutMs ?? 15 * 60_000,
  )
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  child.on('error', (error) => {
    output += error.message
    end(1)
  })
  child.on('close', (code) => end(code ?? 1))
  return promise
}

/** Runs jobs, at most `width` at a time; the results keep the order of the jobs. */
export async function runLanes<T, R>(jobs: readonly T[], width: number, work: (job: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  const entries = jobs.entries()
  const lane = async (): Promise<void> => {
    for (const [index, job] of entries) results[index] = await work(job)
  }
  await Promise.all(Array.from({ length: width }, lane))
  return results
}
