import { spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { AppError } from '#contracts/errors.ts'
import type { Context } from '../context.ts'
import { type Argv, pathOf } from './programs.ts'
import { builtEnvironment } from './run.ts'

/** How a program ended: an exit code, or the signal that ended it. */
export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
}

/** A program that runs beside us and ends with us. */
export interface Child {
  pid: number
  /** null on our own terminal. */
  stdin: Writable | null
  stdout: Readable | null
  /** To be read, or the program will wait when it has said much. */
  stderr: Readable
  ended: Promise<Ended>
  kill: (signal?: NodeJS.Signals) => void
}

export interface ChildOptions {
  /** Added to the built environment. */
  env?: Record<string, string>
  cwd?: string
  /** Our own terminal instead of pipes for input and output. */
  terminal?: boolean
}

/**
 * Starts a program whose input and output stay in our hands: an emulator, a DHCP server. The kernel ends it when
 * this process ends, however that happens, unless the program has changed its user (dnsmasq: only cancelling ends it). Throws CommandFailed.
 */
export async function startChild(argv: Argv, options: ChildOptions, context: Context): Promise<Child> {
  if (context.signal.aborted) throw new AppError('Cancelled', `${argv[0]} was not started: cancelled.`)
  const stream = options.terminal === true ? 'inherit' : 'pipe'
  const child = spawn('/usr/bin/setpriv', ['--pdeathsig', 'KILL', '--', pathOf(argv[0]), ...argv.slice(1)], {
    env: { ...builtEnvironment, ...options.env },
    stdio: [stream, stream, 'pipe'],
    // On our terminal it must be one of the processes that may read from it; else Ctrl-C is for us alone.
    detached: options.terminal !== true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  })
  const started = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<Ended>()
  const kill = (signal: NodeJS.Signals = 'SIGKILL'): void => void child.kill(signal)
  // An emulator that is ended by SIGTERM leaves the terminal as it found it.
  const onAbort = (): void => kill(options.terminal === true ? 'SIGTERM' : 'SIGKILL')
  context.signal.addEventListener('abort', onAbort, { once: true })
  child.on('spawn', started.resolve)
  child.on('error', (cause) => started.reject(new AppError('CommandFailed', `The program ${argv[0]} could not be started.`, { cause })))
  child.on('close', (code, signal) => {
    context.signal.removeEventListener('abort', onAbort)
    ended.resolve({ code, signal })
  })
  // EPIPE when it has ended: its end tells the story.
  child.stdin?.on('error', () => {})
  await started.promise
  context.log.debug({ argv, pid: child.pid }, 'start')
  return { pid: child.pid!, stdin: child.stdin, stdout: child.stdout, stderr: child.stderr!, ended: ended.promise, kill }
}
