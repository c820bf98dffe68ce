import { existsSync } from 'node:fs'
import type { Socket } from 'node:net'
import { AppError } from '#contracts/errors.ts'
import { platformPaths } from '#contracts/platform/names.ts'
import { createByteReader } from './byte-reader.ts'
import { readBody, readHead, type HttpHead } from './http-parse.ts'

/** Text goes with its length; a stream goes in chunks. */
export type HttpBody = string | AsyncIterable<Uint8Array>

export interface HttpRequest {
  socketPath: string
  method: string
  path: string
  body?: HttpBody
  contentType?: string
  /** Silence of the other side after which the request fails with Timeout; without it there is no limit. */
  idleTimeoutMs?: number
  /** Aborting ends the connection; the iteration of the body then throws the signal's reason. */
  signal?: AbortSignal
}

export interface HttpResponse extends HttpHead {
  /** Can be read once; leaving the loop early closes the connection. */
  body: AsyncIterable<Buffer>
}

/**
 * One HTTP/1.1 request over a unix socket, on a connection of its own. Written on `node:net` because
 * loading `node:http` takes as long as all of `vmadm list` may.
 * Throws DaemonUnreachable when nobody listens or the answer breaks off, Timeout, Usage when not root.
 */
export async function sendRequest(request: HttpRequest): Promise<HttpResponse> {
  const socket = await openSocket(request)
  const reader = createByteReader(socket)
  try {
    socket.write(renderHead(request))
    sendBody(socket, request.body).catch((error: unknown) => socket.destroy(unreadable(error)))
    const head = await readHead(reader)
    return { ...head, body: guardBody(socket, readBody(head, reader)) }
  } catch (error) {
    socket.destroy()
    throw explain(error)
  }
}

function renderHead(request: HttpRequest): string {
  const lines = [`${request.method} ${request.path} HTTP/1.1`, 'host: node', 'connection: close']
  if (request.body !== undefined) {
    lines.push(`content-type: ${request.contentType ?? 'application/json'}`)
    lines.push(typeof request.body === 'string' ? `content-length: ${Buffer.byteLength(request.body)}` : 'transfer-encoding: chunked')
  }
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** An early answer (a refusal) wins over the upload: the write then fails with EPIPE, which says nothing new. */
async function sendBody(socket: Socket, body: HttpBody | undefined): Promise<void> {
  if (body === undefined) return
  if (typeof body === 'string') {
    socket.write(body)
    return
  }
  for await (const chunk of body) {
    if (socket.destroyed || socket.readableEnded) return
    if (chunk.length === 0) continue
    socket.write(`${chunk.length.toString(16)}\r\n`)
    socket.write(chunk)
    if (!socket.write('\r\n')) await drained(socket)
  }
  socket.write('0\r\n\r\n')
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done).off('close', done)
      resolve()
    }
    socket.once('drain', done).once('close', done)
  })
}

function unreadable(error: unknown): AppError {
  return error instanceof AppError ? error : new AppError('CommandFailed', 'What was to be sent could not be read.', { cause: error })
}

async function* guardBody(socket: Socket, body: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* body
  } catch (error) {
    throw explain(error)
  } finally {
    socket.destroy()
  }
}

function explain(error: unknown): unknown {
  if (error instanceof AppError) return error
  return new AppError('DaemonUnreachable', 'The node daemon closed the connection in the middle of its answer.', { cause: error, hint: 'spirula logs' })
}

/** Opens a connection to a unix socket; the reasons for not getting one become whole sentences. */
export async function openSocket(target: { socketPath: string; idleTimeoutMs?: number; signal?: AbortSignal }): Promise<Socket> {
  const { idleTimeoutMs, signal } = target
  signal?.throwIfAborted()
  // Loaded when it is needed: some commands never talk to the daemon, and it is a tenth of their time.
  const socket = process.getBuiltinModule('node:net').connect({ path: target.socketPath })
  if (idleTimeoutMs !== undefined) {
    socket.setTimeout(idleTimeoutMs, () => {
      socket.destroy(new AppError('Timeout', `The node daemon gave no answer for ${idleTimeoutMs / 1000} seconds.`))
    })
  }
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', (error: NodeJS.ErrnoException) => reject(refusal(error, target.socketPath)))
  })
  // The readers see a broken connection as the end of their iteration; without a listener it would end the program.
  socket.on('error', () => undefined)
  signal?.addEventListener('abort', () => socket.destroy(signal.reason), { once: true })
  return socket
}

function refusal(error: NodeJS.ErrnoException, path: string): Error {
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    return new AppError('Usage', 'FATAL: cannot run because: only root may talk to the node daemon.', { hint: 'run it as root', cause: error })
  }
  const reason = error.code === 'ENOENT' ? 'there is no socket' : error.code === 'ECONNREFUSED' ? 'nobody listens' : 'it cannot be connected to'
  return new AppError('DaemonUnreachable', `The node daemon is not running: ${reason} at ${path}.`, {
    hint: wayToDaemon(existsSync),
    cause: error,
  })
}

/** Where the daemon is to be had, from where we are: a zone shares the programs of its platform, but has no daemon. */
export function wayToDaemon(exists: (path: string) => boolean): string {
  if (exists('/native')) return 'this is a zone; the node is managed from outside of it, in the global zone'
  return exists(platformPaths.manifest) ? 'spirula-boot status, which says what this boot did' : 'spirula up'
}
