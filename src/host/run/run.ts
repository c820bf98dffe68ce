import { spawn, type ChildProcess } from 'node:child_process'
import { performance } from 'node:perf_hooks'
import { AppError } from '#contracts/errors.ts'
import type { Context } from '../context.ts'
import { type Argv, pathOf } from './programs.ts'

export interface RunOptions {
  /** Text for standard input; none = empty. A promise, which must not fail, is for a program started early that waits for its input. */
  input?: string | Promise<string>
  /** Added to the built environment (PATH, LC_ALL, TZ); nothing is inherited. */
  env?: Record<string, string>
  cwd?: string
  /** 60 s unless told. */
  timeoutMs?: number
  /** Bytes kept of each output; more is an error. 16 MiB unless told. */
  maxBytes?: number
  /** Exit codes that are answers, not failures; [0] unless told. */
  okCodes?: readonly number[]
  /** Told when the program is killed before its end, to end what its process group does not hold. */
  onKill?: () => void
}

export interface RunResult {
  stdout: string
  stderr: string
  exitCode: number
}

/** What `cause` of a CommandFailed AppError is, for `known-failures`. */
export class CommandFailure extends Error {
  readonly argv: readonly string[]
  readonly exitCode: number | null
  readonly signal: string | null
  readonly stderrTail: string

  constructor(argv: readonly string[], exitCode: number | null, signal: string | null, stderrTail: string) {
    super(`${argv[0]} ended with ${signal ?? `code ${exitCode}`}: ${stderrTail.trim() || 'no message'}`)
    this.name = 'CommandFailure'
    this.argv = argv
    this.exitCode = exitCode
    this.signal = signal
    this.stderrTail = stderrTail
  }
}

export const builtEnvironment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', TZ: 'UTC' }

/** Kills the process group of a child started `detached`; gone is fine. */
export function killTree(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // ESRCH: it has ended already.
  }
}

/**
 * Runs a program to its end. The one door to other programs, beside `pipe.ts` for streams. Cancelling
 * the context kills the whole process group. Throws AppError CommandFailed (cause: CommandFailure),
 * Timeout or Cancelled.
 */
export async function run(argv: Argv, options: RunOptions, context: Context): Promise<RunResult> {
  if (context.signal.aborted) throw new AppError('Cancelled', `${argv[0]} was not started: cancelled.`)
  const started = performance.now()
  const result = await collect(argv, options, context)
  const durationMs = Math.round((performance.now() - started) * 10) / 10
  context.log.debug({ argv, exitCode: result.exitCode, durationMs }, 'run')
  if (!(options.okCodes ?? [0]).includes(result.exitCode)) throw commandFailed(argv, result.exitCode, null, result.stderr)
  return result
}

export function commandFailed(argv: readonly string[], exitCode: number | null, signal: string | null, stderr: string): AppError {
  const cause = new CommandFailure(argv, exitCode, signal, stderr.slice(-2000))
  return new AppError('CommandFailed', `The program ${argv[0]} failed.`, { cause, internal: argv.join(' ') })
}

function collect(argv: Argv, options: RunOptions, context: Context): Promise<RunResult> {
  const { promise, resolve, reject } = Promise.withResolvers<RunResult>()
  const child = spawn(pathOf(argv[0]), argv.slice(1), {
    env: { ...builtEnvironment, ...options.env },
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    detached: true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  })
  const out: Buffer[] = []
  const err: Buffer[] = []
  let size = 0
  let stopped: AppError | undefined
  const stop = (error: AppError): void => {
    if (stopped === undefined) options.onKill?.()
    stopped ??= error
    killTree(child)
    // A zone's program may have left a child behind with our pipes, which no signal of ours reaches.
    child.stdout?.destroy()
    child.stderr?.destroy()
  }
  const keep =
    (list: Buffer[]) =>
    (chunk: Buffer): void => {
      size += chunk.length
      if (size > (options.maxBytes ?? 16 << 20)) stop(new AppError('CommandFailed', `The program ${argv[0]} printed more than it may.`))
      else list.push(chunk)
    }
  const onAbort = (): void => stop(new AppError('Cancelled', `${argv[0]} was cancelled.`))
  const timer = setTimeout(
    () => stop(new AppError('Timeout', `The program ${argv[0]} did not end in time.`, { internal: argv.join(' ') })),
    options.timeoutMs ?? 60_000,
  )
  context.signal.addEventListener('abort', onAbort, { once: true })
  const settle = (): void => {
    clearTimeout(timer)
    context.signal.removeEventListener('abort', onAbort)
  }
  child.stdout?.on('data', keep(out))
  child.stderr?.on('data', keep(err))
  // EPIPE when the program does not read its input: its exit code tells the story.
  child.stdin?.on('error', () => {})
  if (typeof options.input === 'string') child.stdin?.end(options.input)
  else void options.input?.then((text) => child.stdin?.end(text))
  child.on('error', (cause) => {
    settle()
    reject(new AppError('CommandFailed', `The program ${argv[0]} could not be started.`, { cause }))
  })
  child.on('close', (code, signal) => {
    settle()
    const stderr = Buffer.concat(err).toString()
    if (stopped !== undefined) reject(stopped)
    else if (code === null) reject(commandFailed(argv, null, signal, stderr))
    else resolve({ stdout: Buffer.concat(out).toString(), stderr, exitCode: code })
  })
  return promise
}
