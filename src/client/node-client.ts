import { AppError, errorCodes, type ErrorBody } from '#contracts/errors.ts'
import type { OperationEvent } from '#contracts/operation/schema.ts'
import { renderCall, type CallId, type CallTarget } from './calls.ts'
import { sendRequest, type HttpBody, type HttpRequest, type HttpResponse } from './http.ts'
import { readJsonLines } from './ndjson.ts'

const jsonTimeoutMs = 60_000
const maxJsonBytes = 512 * 1024 * 1024

export interface CallInput extends CallTarget {
  /** Sent as JSON. */
  json?: unknown
  /** Sent as it is, in place of JSON. */
  bytes?: AsyncIterable<Uint8Array>
  signal?: AbortSignal
}

/**
 * Calls of the node daemon. Errors it answers with come back as the AppError it threw. `T` is what the
 * route's `body` schema says: the daemon is trusted to keep it, its own tests hold it to that.
 */
export interface NodeClient {
  json<T>(id: CallId, input?: CallInput): Promise<T>
  /** A mutation, followed to its end: the last event is `done` or `failed`. */
  follow(id: CallId, input?: CallInput): AsyncGenerator<OperationEvent>
  /** A stream of JSON documents without end. */
  stream<T>(id: CallId, input?: CallInput): AsyncGenerator<T>
  bytes(id: CallId, input?: CallInput): AsyncGenerator<Buffer>
}

export function createNodeClient(socketPath: string): NodeClient {
  async function* stream<T>(id: CallId, input: CallInput = {}): AsyncGenerator<T> {
    const response = await answer(buildRequest(socketPath, id, input))
    // The daemon's word for the shape; see NodeClient.
    for await (const line of readJsonLines(response.body)) yield line as T
  }
  return {
    async json<T>(id: CallId, input: CallInput = {}) {
      const response = await answer({ ...buildRequest(socketPath, id, input), idleTimeoutMs: jsonTimeoutMs })
      return JSON.parse(await readText(response)) as T
    },
    follow: (id, input = {}) => stream<OperationEvent>(id, { ...input, query: { ...input.query, follow: true } }),
    stream,
    async *bytes(id, input = {}) {
      yield* (await answer(buildRequest(socketPath, id, input))).body
    },
  }
}

function buildRequest(socketPath: string, id: CallId, input: CallInput): HttpRequest {
  const body: HttpBody | undefined = input.bytes ?? (input.json === undefined ? undefined : JSON.stringify(input.json))
  return {
    socketPath,
    ...renderCall(id, input),
    ...(body === undefined ? {} : { body }),
    ...(input.bytes === undefined ? {} : { contentType: 'application/octet-stream' }),
    ...(input.signal === undefined ? {} : { signal: input.signal }),
  }
}

async function answer(request: HttpRequest): Promise<HttpResponse> {
  const response = await sendRequest(request)
  if (response.status < 400) return response
  throw parseFailure(response.status, await readText(response))
}

async function readText(response: HttpResponse): Promise<string> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of response.body) {
    parts.push(part)
    size += part.length
    if (size > maxJsonBytes) throw new AppError('Internal', 'The answer of the node daemon is larger than any answer should be.')
  }
  return Buffer.concat(parts).toString()
}

/** The error in the body of a failed answer; something readable too when the body is not one of ours. */
export function parseFailure(status: number, text: string): AppError {
  try {
    return reviveError(JSON.parse(text))
  } catch {
    // Not JSON: some other program answers on that socket, or the daemon is broken; the text is all there is.
    return new AppError('Internal', `The node daemon answered with status ${status}: ${text.slice(0, 200).trim() || '(nothing)'}`)
  }
}

/** An error that crossed the API, also from a daemon that knows more codes than this program. */
export function reviveError(value: unknown): AppError {
  const body = value as Partial<ErrorBody> | null
  if (typeof body !== 'object' || body === null || typeof body.message !== 'string') throw new TypeError('not an error body')
  const code = body.code !== undefined && Object.hasOwn(errorCodes, body.code) ? body.code : 'Internal'
  return AppError.fromJSON({ ...body, message: body.message, code })
}
