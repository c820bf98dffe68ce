import { spawn, type ChildProcess } from 'node:child_process'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { AppError } from '#contracts/errors.ts'
import type { Context } from '../context.ts'
import { type Argv, pathOf } from './programs.ts'
import { builtEnvironment, commandFailed, killTree } from './run.ts'

const stderrKept = 4000

/** Starts a program whose output is a stream; its failure destroys the stream with CommandFailed. */
export function runSource(argv: Argv, context: Context): Readable {
  const child = start(argv, ['ignore', 'pipe', 'pipe'], context)
  const stdout = child.stdout as Readable
  const stderr = keepTail(child.stderr as Readable)
  // Hold back the end of the stream until the exit code is known, so that a cut stream is never taken for a whole one.
  child.on('error', (cause) => stdout.destroy(new AppError('CommandFailed', `The program ${argv[0]} could not be started.`, { cause })))
  child.on('exit', (code, signal) => {
    if (code !== 0) stdout.destroy(commandFailed(argv, code, signal, stderr()))
  })
  return stdout
}

/** Runs a program with a stream as its input, to its end. */
export async function runSink(argv: Argv, input: Readable, context: Context): Promise<void> {
  const child = start(argv, ['pipe', 'ignore', 'pipe'], context)
  const stderr = keepTail(child.stderr as Readable)
  const ended = Promise.withResolvers<void>()
  child.on('error', (cause) => ended.reject(new AppError('CommandFailed', `The program ${argv[0]} could not be started.`, { cause })))
  child.on('close', (code, signal) => (code === 0 ? ended.resolve() : ended.reject(commandFailed(argv, code, signal, stderr()))))
  const fed = pipeline(input, child.stdin!).catch((cause: NodeJS.ErrnoException) => {
    // A broken pipe means the program ended first; its exit code tells why.
    if (cause.code === 'EPIPE') return
    killTree(child)
    throw cause
  })
  const [feeding, ending] = await Promise.allSettled([fed, ended.promise])
  if (feeding.status === 'rejected') throw feeding.reason
  if (ending.status === 'rejected') throw ending.reason
}

function start(argv: Argv, stdio: ('ignore' | 'pipe')[], context: Context): ChildProcess {
  if (context.signal.aborted) throw new AppError('Cancelled', `${argv[0]} was not started: cancelled.`)
  const child = spawn(pathOf(argv[0]), argv.slice(1), { env: builtEnvironment, stdio, detached: true })
  const onAbort = (): void => killTree(child)
  context.signal.addEventListener('abort', onAbort, { once: true })
  child.on('close', () => context.signal.removeEventListener('abort', onAbort))
  context.log.debug({ argv }, 'run')
  return child
}

function keepTail(stream: Readable): () => string {
  let tail = ''
  stream.on('data', (chunk: Buffer) => {
    tail = (tail + chunk.toString()).slice(-stderrKept)
  })
  return () => tail
}
