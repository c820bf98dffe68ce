import type { Readable } from 'node:stream'
import { AppError } from '#contracts/errors.ts'
import type { machineRoutes } from '#contracts/machine/routes.ts'
import type { nodeRoutes } from '#contracts/node/routes.ts'
import type { Operations } from '../operations/operations.ts'
import type { Parts } from '../parts.ts'

export type RouteId = (typeof machineRoutes)[number]['id'] | (typeof nodeRoutes)[number]['id']

/** A request whose parts have passed the route's schemas. */
export interface Call {
  params: Record<string, string>
  query: Record<string, unknown>
  body: unknown
  /** Of a `bytes` request. */
  stream: Readable | null
  signal: AbortSignal
}

/** What a handler is given beside the call. */
export interface Services {
  parts: Parts
  operations: Operations
  version: string
  startedAt: Date
  readSysinfo: () => Promise<Record<string, unknown>>
}

/** json: the document; operation: the id of what was started; stream: events; bytes: a stream. */
export type Handler = (call: Call, services: Services) => unknown

/** The body as an object; a route without a body schema may be sent none. */
export function objectBody(call: Call): Record<string, unknown> {
  if (typeof call.body === 'object' && call.body !== null && !Array.isArray(call.body)) return call.body as Record<string, unknown>
  throw new AppError('InvalidPayload', 'The payload must be a JSON object.')
}
