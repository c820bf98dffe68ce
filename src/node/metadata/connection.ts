import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '#host/context.ts'
import { listKeys, type MetadataChange, resolveDelete, resolveGet, resolvePut } from '#plan/metadata/keys.ts'
import { createMetadataParser, type MetadataAnswer, type MetadataRequest, renderAnswer } from '#plan/metadata/protocol.ts'
import { type Bucket, planWait } from '#plan/metadata/rate.ts'
import type { MetadataAccess, MetadataLimits } from './server.ts'

export interface ConnectionHost {
  uuid: string
  access: MetadataAccess
  log: Log
  limits: MetadataLimits
  /** Shared by all connections of the zone. */
  zone: { bucket: Bucket; heldBytes: number }
}

/** Answers the requests of one connection, one after the other, until it ends. Never throws. */
export async function serveConnection(socket: Socket, host: ConnectionHost): Promise<void> {
  const gone = new AbortController()
  socket.once('close', () => gone.abort())
  const parser = createMetadataParser(host.limits.lineBytes)
  let held = 0
  const account = (bytes: number): boolean => {
    host.zone.heldBytes += bytes - held
    held = bytes
    return host.zone.heldBytes <= host.limits.heldBytes
  }
  try {
    // Reading by iteration gives back-pressure: nothing more is taken in while an answer waits to be sent.
    for await (const chunk of socket) {
      for (const request of parser.push(chunk as Buffer)) await serveRequest(socket, request, { ...host, signal: gone.signal })
      if (!account(parser.heldBytes)) break
    }
    socket.end()
  } catch (error) {
    if (!gone.signal.aborted) host.log.debug({ uuid: host.uuid, error }, 'metadata connection failed')
    socket.destroy()
  } finally {
    account(0)
  }
}

async function serveRequest(socket: Socket, request: MetadataRequest, host: ConnectionHost & { signal: AbortSignal }): Promise<void> {
  const cost = request.kind === 'put' || request.kind === 'delete' ? 10 : 1
  const plan = planWait(host.zone.bucket, host.limits, { cost, nowMs: performance.now() })
  host.zone.bucket = plan.bucket
  if (plan.waitMs > 0) await sleep(plan.waitMs, undefined, { signal: host.signal })
  const answer = await answerRequest(request, host)
  if (!socket.write(renderAnswer(request, answer))) await once(socket, 'drain', { signal: host.signal })
  if (request.kind === 'overflow') socket.destroySoon()
}

/** The answer to a request; whatever fails inside is told the guest as a bare failure, and the log in full. */
async function answerRequest(request: MetadataRequest, host: ConnectionHost): Promise<MetadataAnswer> {
  try {
    return await resolveRequest(request, host)
  } catch (error) {
    host.log.warn({ uuid: host.uuid, request: request.kind, error }, 'metadata request failed')
    return { kind: 'failure', message: 'The node could not do it; its log has the reason.' }
  }
}

async function resolveRequest(request: MetadataRequest, host: ConnectionHost): Promise<MetadataAnswer> {
  const { access, uuid } = host
  switch (request.kind) {
    case 'negotiate':
      return request.supported ? { kind: 'success' } : { kind: 'failure', message: 'Only V2 can be negotiated.' }
    case 'get':
      return resolveGet(request.key, access.get(uuid))
    case 'keys':
      return { kind: 'success', value: listKeys(access.get(uuid)).join('\n') }
    case 'put':
      return await store(resolvePut(request.key, request.value, access.get(uuid)), host)
    case 'delete':
      return await store(resolveDelete(request.key, access.get(uuid)), host)
    case 'invalid':
      return { kind: 'failure', message: request.reason }
    case 'overflow':
      return { kind: 'failure', message: `A request may have ${host.limits.lineBytes} bytes.` }
  }
}

async function store(change: MetadataChange, { access, uuid }: ConnectionHost): Promise<MetadataAnswer> {
  if (change.kind === 'refused') return { kind: 'failure', message: change.message }
  if (change.kind === 'put') await access.put(uuid, change.store, change.key, change.value)
  if (change.kind === 'remove') await access.remove(uuid, change.store, change.key)
  return { kind: 'success' }
}
