import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { AppError, isAppError } from '#contracts/errors.ts'
import { makeOperation, startFakeDaemon, succeed } from '../../test/harness/fake-daemon.ts'
import { platformPaths } from '#contracts/platform/names.ts'
import { wayToDaemon } from './http.ts'
import { createNodeClient, parseFailure } from './node-client.ts'

test('JSON, with parameters and a body', async () => {
  await using daemon = await startFakeDaemon({ 'POST /machines/*/enter': { json: { argv: ['x'] } } })
  const client = createNodeClient(daemon.socketPath)
  assert.deepEqual(await client.json('machine.enter', { params: { name: 'ä b' }, json: { tty: true } }), { argv: ['x'] })
  assert.equal(daemon.requests[0]?.path, '/machines/ä b/enter')
  assert.equal(daemon.requests[0]?.body, '{"tty":true}')
})

test('an error of the daemon comes back whole', async () => {
  const error = {
    code: 'NoSpace',
    message: 'The pool is full.',
    hint: 'vmadm list',
    details: [{ path: 'quota', message: 'too much' }],
    causes: ['ENOSPC'],
  } as const
  await using daemon = await startFakeDaemon({
    'GET /machines/*': { status: 507, error: { ...error, details: [...error.details], causes: [...error.causes] } },
  })
  await assert.rejects(createNodeClient(daemon.socketPath).json('machine.get', { params: { name: 'x' } }), (caught: AppError) => {
    assert.deepEqual(JSON.parse(JSON.stringify(caught)), error)
    return true
  })
})

test('an operation is followed to its last event', async () => {
  await using daemon = await startFakeDaemon({ 'POST /machines/*/start': { lines: succeed({}) } })
  const types: string[] = []
  for await (const event of createNodeClient(daemon.socketPath).follow('machine.start', { params: { name: 'x' } })) types.push(event.type)
  assert.deepEqual(types, ['progress', 'progress', 'done'])
  assert.equal(daemon.requests[0]?.query.get('follow'), 'true')
})

test('a large upload arrives whole, in chunks', async () => {
  const bytes = randomBytes(5_000_000)
  await using daemon = await startFakeDaemon({
    'POST /receive': (request) => ({ lines: [{ type: 'done', operation: makeOperation({ message: String(request.body.length) }) }] }),
  })
  async function* upload(): AsyncGenerator<Uint8Array> {
    const text = Buffer.from(bytes.toString('base64'))
    for (let at = 0; at < text.length; at += 300_000) yield text.subarray(at, at + 300_000)
  }
  for await (const event of createNodeClient(daemon.socketPath).follow('machine.receive', { bytes: upload() })) {
    assert.equal(event.operation.message, String(bytes.toString('base64').length))
  }
})

test('a refusal in the middle of an upload is told', async () => {
  const refuse = (request: { resume(): void }, response: ServerResponse): void => {
    response.writeHead(409, { 'content-type': 'application/json', 'connection': 'close' })
    response.end('{"code":"MachineExists","message":"There is one."}')
    request.resume()
  }
  await using daemon = await startFakeDaemon({ 'POST /receive': { handle: refuse } })
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (let sent = 0; sent < 2000; sent += 1) yield Buffer.alloc(65_536)
  }
  const events = createNodeClient(daemon.socketPath).follow('machine.receive', { bytes: endless() })
  await assert.rejects(events.next(), (error) => isAppError(error, 'MachineExists'))
})

test('an upload that cannot be read is its own error', async () => {
  await using daemon = await startFakeDaemon({ 'POST /receive': { json: {} } })
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('x')
    throw new AppError('InvalidPayload', 'File: y cannot be read.')
  }
  await assert.rejects(createNodeClient(daemon.socketPath).follow('machine.receive', { bytes: broken() }).next(), (error) =>
    isAppError(error, 'InvalidPayload'),
  )
})

test('no daemon: the sentence names the socket and the way out', async () => {
  const client = createNodeClient('/nonexistent/node.sock')
  await assert.rejects(
    client.json('node.ping'),
    (error) => isAppError(error, 'DaemonUnreachable') && error.hint === 'spirula up' && error.message.includes('/nonexistent/node.sock'),
  )
})

test('the way to the daemon is that of where we are', () => {
  const at = (...paths: string[]): string => wayToDaemon((path) => paths.includes(path))
  assert.equal(at(), 'spirula up')
  assert.match(at(platformPaths.manifest), /^spirula-boot status/)
  assert.match(at('/native'), /this is a zone/)
})

test('a daemon that dies in the middle of an answer', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'spirula-client-'))
  const server = createServer((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"a":'))
  await new Promise<void>((resolve) => server.listen(join(directory, 's'), resolve))
  try {
    await assert.rejects(createNodeClient(join(directory, 's')).json('node.ping'), (error) => isAppError(error, 'DaemonUnreachable'))
  } finally {
    server.close()
    rmSync(directory, { recursive: true })
  }
})

test('aborting ends a stream with the reason', async () => {
  async function* forever(): AsyncGenerator<unknown> {
    yield { seq: 1 }
    await new Promise<never>(() => undefined)
  }
  await using daemon = await startFakeDaemon({ 'GET /events': { lines: forever() } })
  const abort = new AbortController()
  const events = createNodeClient(daemon.socketPath).stream('event.follow', { signal: abort.signal })
  assert.deepEqual((await events.next()).value, { seq: 1 })
  const waiting = events.next()
  abort.abort(new AppError('Cancelled', 'Enough.'))
  await assert.rejects(waiting, (error) => isAppError(error, 'Cancelled'))
})

test('failures that are none of ours stay readable', () => {
  assert.match(parseFailure(502, '<html>Bad gateway</html>').message, /status 502: <html>/)
  assert.equal(parseFailure(500, '{"code":"FromTheFuture","message":"Something new."}').message, 'Something new.')
  assert.match(parseFailure(500, 'null').message, /status 500: null/)
})
