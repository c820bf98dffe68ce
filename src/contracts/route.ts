import type { z } from 'zod'
import type { ErrorCode } from './errors.ts'

/**
 * One route of the node's API, as a value. The daemon's registration, the OpenAPI document and the
 * typed client are all derived from it.
 *
 * - `answer: 'json'`  one JSON document of shape `body`;
 * - `answer: 'operation'`  a mutation: 202 with `{operation}`; with `?follow=true` 200 and a stream of
 *   operation events, one JSON object a line (NDJSON), the last of kind `done` or `failed`;
 * - `answer: 'stream'`  NDJSON without end, until the client goes away;
 * - `answer: 'bytes'`  raw bytes.
 */
export interface Route {
  id: string
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'PUT'
  /** Fastify style: `/machines/:name`. */
  path: string
  summary: string
  description?: string
  params?: z.ZodType
  query?: z.ZodType
  request?: z.ZodType | 'bytes'
  answer: 'json' | 'operation' | 'stream' | 'bytes'
  body?: z.ZodType
  errors: readonly ErrorCode[]
  /** Who may call it. The node's socket belongs to root; finer grades come with the cloud. */
  who: 'root'
}
