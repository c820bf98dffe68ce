import type { Readable } from 'node:stream'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { AppError, type ErrorDetail } from '#contracts/errors.ts'
import type { Operation } from '#contracts/operation/schema.ts'
import type { Route } from '#contracts/route.ts'
import { listenOnOwnedSocket } from '#host/fs/owned.ts'
import { parseJson } from '#lib/json-position.ts'
import type { Call, RouteId, Services } from './handler.ts'
import { handlers } from './handlers.ts'
import { routes } from './routes.ts'
import { sendLines } from './send-lines.ts'

/** Payloads of machines are a few kB; user-data may be larger. */
const maxBodyBytes = 16 << 20
/** Longer than any idle wait of ours: operations and events stay open. */
const forever = 0

/** The API on a unix socket of root's only; resolves when it listens. */
export async function listen(socketPath: string, services: Services): Promise<FastifyInstance> {
  const server = createServer(services)
  await server.ready()
  await listenOnOwnedSocket(server.server, socketPath, { uid: 0, mode: 0o600 })
  return server
}

/** Every route of the tables, checked by its schemas, answered by its handler. */
export function createServer(services: Services): FastifyInstance {
  const server = fastify({
    logger: false,
    bodyLimit: maxBodyBytes,
    requestTimeout: forever,
    connectionTimeout: forever,
    routerOptions: { maxParamLength: 512 },
    forceCloseConnections: true,
  })
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload))
  server.addContentTypeParser('*', { parseAs: 'string' }, (_request, text, done) => done(null, text))
  server.setErrorHandler((error, request, reply) => sendError(error, request, reply, services))
  server.setNotFoundHandler((request, reply) => sendError(new AppError('NotFound', `There is no ${request.method} ${request.url}.`), request, reply, services))
  for (const route of routes) {
    server.route({ method: route.method, url: route.path, handler: (request, reply) => answer(route, request, reply, services) })
  }
  return server
}

async function answer(route: Route & { id: RouteId }, request: FastifyRequest, reply: FastifyReply, services: Services): Promise<unknown> {
  const gone = new AbortController()
  reply.raw.on('close', () => gone.abort())
  const call = parseCall(route, request, gone.signal)
  const result = await handlers[route.id](call, services)
  if (route.answer === 'json') return reply.send(result)
  if (route.answer === 'bytes') return reply.type('application/octet-stream').send(result)
  if (route.answer === 'stream') return await sendLines(reply, result as AsyncIterable<unknown>, gone.signal)
  const operation = result as Operation
  if (call.query['follow'] !== true) return reply.status(202).send({ operation })
  return await sendLines(reply, services.operations.follow(operation.id, gone.signal), gone.signal)
}

function parseCall(route: Route, request: FastifyRequest, signal: AbortSignal): Call {
  const isBytes = route.request === 'bytes'
  return {
    params: check(route.params, request.params, 'path') as Record<string, string>,
    query: check(route.query, request.query, 'query') as Record<string, unknown>,
    body: isBytes || route.request === undefined ? undefined : check(route.request as z.ZodType, parseBody(request.body), 'payload'),
    stream: isBytes ? (request.body as Readable) : null,
    signal,
  }
}

/** The text is parsed here and not by fastify, so that a mistake is told by line and column. */
function parseBody(body: unknown): unknown {
  if (body === undefined || body === null || body === '') return {}
  if (typeof body !== 'string') throw new AppError('InvalidPayload', 'The payload must be JSON.')
  try {
    return parseJson(body)
  } catch (cause) {
    throw new AppError('InvalidJson', `Invalid JSON payload: ${(cause as Error).message}`)
  }
}

function check(schema: z.ZodType | undefined, value: unknown, what: string): unknown {
  if (schema === undefined) return {}
  const parsed = schema.safeParse(value ?? {})
  if (parsed.success) return parsed.data
  const details: ErrorDetail[] = parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }))
  const told = details.map((detail) => (detail.path === '' ? detail.message : `${detail.path}: ${detail.message}`)).join('; ')
  throw new AppError('InvalidPayload', `The ${what} of the request is invalid: ${told}.`, { details })
}

/** Expected refusals as they are; anything else is a defect: logged whole, its request id told. */
function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply, { parts }: Services): FastifyReply {
  if (error instanceof AppError) return reply.status(error.status).send(error.toJSON())
  const refused = error as { statusCode?: number; message?: string }
  if (refused.statusCode !== undefined && refused.statusCode < 500) {
    return reply.status(refused.statusCode).send(new AppError('InvalidPayload', `The request was refused: ${refused.message ?? 'no reason'}.`).toJSON())
  }
  parts.log.error({ err: error, request: request.id, url: request.url }, 'defect in a request')
  return reply
    .status(500)
    .send(new AppError('Internal', `Something went wrong that should not have; request ${request.id} is in the daemon's log.`, { cause: error }).toJSON())
}
