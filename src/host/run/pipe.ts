import { spawn, type ChildProcess } from 'node:child_process'
import { PassThrough, type Readable } from 'node:stream'
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
  const source = new PassThrough()
  // The end of the stream is held back until the exit code is known, so that a cut stream is never taken for a whole one.
  stdout.pipe(source, { end: false })
  child.on('error', (cause) => source.destroy(new AppError('CommandFailed', `The program ${argv[0]} could not be started.`, { cause })))
  child.on('close', (code, signal) => (code === 0 ? source.end() : source.destroy(commandFailed(argv, code, signal, stderr()))))
  // Whoever stops reading ends the program.
  source.on('close', () => stdout.destroy())
  return source
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
    // Either side may have closed early. The program sees an end; only if that suits it, it was the input.
    if (cause.code !== 'ERR_STREAM_PREMATURE_CLOSE') killTree(child)
    throw cause
  })
  const [feeding, ending] = await Promise.allSettled([fed, ended.promise])
  const failures = [feeding, ending].flatMap((one) => (one.status === 'rejected' ? [one.reason as NodeJS.ErrnoException] : []))
  const failure = failures.find(({ code }) => code !== 'ERR_STREAM_PREMATURE_CLOSE') ?? failures[0]
  if (failure !== undefined) throw failure
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
