import { once } from 'node:events'
import type { FastifyReply } from 'fastify'

/**
 * Streams documents as NDJSON, no faster than the reader reads. The status line is sent with the first
 * one, so that an error before it is still an ordinary answer.
 */
export async function sendLines(reply: FastifyReply, documents: AsyncIterable<unknown>, signal: AbortSignal): Promise<FastifyReply> {
  const iterator = documents[Symbol.asyncIterator]()
  const first = await iterator.next()
  reply.hijack()
  const { raw } = reply
  raw.writeHead(200, { 'content-type': 'application/x-ndjson' })
  try {
    for (let next = first; next.done !== true && !signal.aborted; next = await iterator.next()) {
      if (!raw.write(`${JSON.stringify(next.value)}\n`)) await once(raw, 'drain', { signal })
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    await iterator.return?.()
    raw.end()
  }
  return reply
}
