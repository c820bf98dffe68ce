import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ErrorBody } from '#contracts/errors.ts'
import type { Operation, OperationEvent } from '#contracts/operation/schema.ts'

/** A request as the fake daemon saw it. */
export interface SeenRequest {
  method: string
  /** Without the query. */
  path: string
  query: URLSearchParams
  body: string
}

/** What to answer: a document, an error, a stream of documents, bytes, or anything written by hand. */
export type Answer =
  | { json: unknown; status?: number }
  | { error: ErrorBody; status: number }
  | { lines: Iterable<unknown> | AsyncIterable<unknown> }
  | { bytes: string | Buffer }
  | { handle: (request: IncomingMessage, response: ServerResponse) => void }

/** Answers by `METHOD /path`, with `*` for one part of the path. */
export type Fixtures = Record<string, Answer | ((request: SeenRequest) => Answer)>

export interface FakeDaemon extends AsyncDisposable {
  socketPath: string
  /** Every request so far. */
  requests: SeenRequest[]
  /** Ends it as if it had been killed. */
  close(): Promise<void>
}

/** A node daemon that answers from fixtures, on a unix socket in a directory of its own. */
export async function startFakeDaemon(fixtures: Fixtures): Promise<FakeDaemon> {
  const directory = mkdtempSync(join(tmpdir(), 'spirula-fake-daemon-'))
  const socketPath = join(directory, 'node.sock')
  const requests: SeenRequest[] = []
  const server = createServer((request, response) => void serve(request, response, fixtures, requests))
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  const close = async (): Promise<void> => {
    await stop(server)
    rmSync(directory, { recursive: true, force: true })
  }
  return { socketPath, requests, close, [Symbol.asyncDispose]: close }
}

function stop(server: Server): Promise<void> {
  if (!server.listening) return Promise.resolve()
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}

async function serve(request: IncomingMessage, response: ServerResponse, fixtures: Fixtures, requests: SeenRequest[]): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://node')
  const seen: SeenRequest = { method: request.method ?? '', path: decodeURIComponent(url.pathname), query: url.searchParams, body: '' }
  requests.push(seen)
  const fixture = findFixture(fixtures, `${seen.method} ${seen.path}`)
  if (typeof fixture === 'object' && 'handle' in fixture) return fixture.handle(request, response)
  for await (const chunk of request) seen.body += String(chunk)
  const answer = typeof fixture === 'function' ? fixture(seen) : fixture
  await send(response, answer ?? { status: 404, error: { code: 'NotFound', message: `The fake daemon has no fixture for ${seen.method} ${seen.path}.` } })
}

function findFixture(fixtures: Fixtures, target: string): Fixtures[string] | undefined {
  const parts = target.split('/')
  const key = Object.keys(fixtures).find((pattern) => {
    const wanted = pattern.split('/')
    return wanted.length === parts.length && wanted.every((part, index) => part === '*' || part === parts[index])
  })
  return key === undefined ? undefined : fixtures[key]
}

async function send(response: ServerResponse, answer: Answer): Promise<void> {
  if ('lines' in answer) {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    for await (const line of answer.lines) response.write(`${JSON.stringify(line)}\n`)
    response.end()
  } else if ('bytes' in answer) {
    response.writeHead(200, { 'content-type': 'application/octet-stream' })
    response.end(answer.bytes)
  } else if ('error' in answer) {
    response.writeHead(answer.status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer.error))
  } else if ('json' in answer) {
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer.json))
  }
}

/** An operation as the daemon tells it; running unless told otherwise. */
export function makeOperation(about: Partial<Operation>): Operation {
  return {
    id: 'aaaaaaaa-0000-4000-8000-000000000001',
    kind: 'machine.start',
    subject: '5b9a6a7e-1f0c-4f3a-9c59-0f6ce1b7a001',
    state: 'running',
    step: 0,
    steps: 2,
    message: 'waiting',
    created_at: '2026-11-20T10:00:00.000Z',
    finished_at: null,
    warnings: [],
    ...about,
  }
}

/** The events of an operation that goes well. */
export function succeed(about: Partial<Operation>): OperationEvent[] {
  const ended: Partial<Operation> = { ...about, state: 'done', step: 2, message: 'done', finished_at: '2026-11-20T10:00:01.000Z' }
  return [
    { type: 'progress', operation: makeOperation(about) },
    { type: 'progress', operation: makeOperation({ ...about, step: 1, message: 'zone.boot' }) },
    { type: 'done', operation: makeOperation(ended) },
  ]
}

/** The events of an operation that fails. */
export function fail(about: Partial<Operation>, error: ErrorBody): OperationEvent[] {
  const operation = makeOperation({ ...about, state: 'failed', step: 1, message: error.message, error, finished_at: '2026-11-20T10:00:01.000Z' })
  return [
    { type: 'progress', operation: makeOperation(about) },
    { type: 'failed', operation, error },
  ]
}
