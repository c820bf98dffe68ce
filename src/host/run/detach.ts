import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { AppError } from '#contracts/errors.ts'
import type { Context } from '../context.ts'
import { type Argv, pathOf } from './programs.ts'
import { builtEnvironment } from './run.ts'

/** A program that outlives us. */
export interface Detached {
  pid: number
  /** Both ways, descriptor 3 of the program. Ends when the program closes it or dies. */
  channel: Socket
}

/**
 * Starts a program in a session of its own that goes on when we end: keepers, lxcfs. It gets no input,
 * no output and a channel as descriptor 3. Cancelling later does not touch it. Throws CommandFailed.
 */
export async function startDetached(argv: Argv, context: Context): Promise<Detached> {
  if (context.signal.aborted) throw new AppError('Cancelled', `${argv[0]} was not started: cancelled.`)
  const child = spawn(pathOf(argv[0]), argv.slice(1), { env: builtEnvironment, cwd: '/', stdio: ['ignore', 'ignore', 'ignore', 'pipe'], detached: true })
  const started = Promise.withResolvers<void>()
  child.on('spawn', started.resolve)
  child.on('error', (cause) => started.reject(new AppError('CommandFailed', `The program ${argv[0]} could not be started.`, { cause })))
  await started.promise
  child.unref()
  context.log.debug({ argv, pid: child.pid }, 'start')
  // 'pipe' is a socket pair in both directions, whatever the type of `stdio` says.
  return { pid: child.pid!, channel: child.stdio[3] as unknown as Socket }
}
