import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { after, before, test } from 'node:test'
import { sendRequest } from '#client/http.ts'
import type { ErrorBody } from '#contracts/errors.ts'
import type { MachineEvent } from '#contracts/machine/event.ts'
import type { Machine } from '#contracts/machine/record.ts'
import { routes } from '#node/api/routes.ts'
import { readInventory } from '../harness/inventory.ts'
import { payload } from '../harness/machines.ts'
import { otherImage, startTestNode, testImage, type TestNode } from '../harness/test-node.ts'

let node: TestNode
before(async () => {
  node = await startTestNode()
  await node.follow('nic_tag.create', { json: { name: 'test0', type: 'etherstub', mac: '-', mtu: 1500 } })
})
after(async () => await node?.dispose())

async function create(changes: Record<string, unknown> = {}): Promise<string> {
  return ((await node.follow('machine.create', { json: payload(changes) })).result as { uuid: string }).uuid
}

async function get(uuid: string): Promise<Machine> {
  return await node.client.json<Machine>('machine.get', { params: { name: uuid } })
}

test('nobody but root can call any route', () => {
  // One socket carries all routes, so who cannot connect to it can call none of them.
  const script = `import net from 'node:net'; process.setgid(65534); process.setuid(65534); net.connect(${JSON.stringify(node.socket)}).on('connect', () => process.exit(0)).on('error', (error) => { console.log(error.code); process.exit(1) })`
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  assert.deepEqual({ status, said: stdout.trim() }, { status: 1, said: 'EACCES' })
})

for (const route of routes) {
  test(`${route.method} ${route.path} refuses what it cannot do with a sentence`, async () => {
    if (route.params === undefined && route.request === undefined) return await answersAtAll(route.method, route.path)
    const path = route.path
      .replace(':name', 'no-such-machine')
      .replace(':uuid', '00000000-0000-4000-8000-00000000dead')
      .replace(':id', '00000000-0000-4000-8000-00000000dead')
      .replace(':snapshot', 'none')
      .replace(':brand', 'none')
    const body =
      route.request === undefined
        ? {}
        : {
            body: route.request === 'bytes' ? 'no bundle' : '{"signal": "SIGTERM", "name": "none", "argv": [], "tty": false}',
            contentType: route.request === 'bytes' ? 'application/octet-stream' : 'application/json',
          }
    const response = await sendRequest({ socketPath: node.socket, method: route.method, path, ...body })
    const text = Buffer.concat(await Array.fromAsync(response.body)).toString()
    if (route.path.startsWith('/validate')) return assert.equal(response.status, 200, text)
    assert.ok(response.status >= 400 && response.status < 500, `${response.status}: ${text}`)
    const error = JSON.parse(text) as ErrorBody
    assert.ok(
      (route.errors as readonly string[]).includes(error.code) || error.code === 'InvalidPayload',
      `${error.code} is not among the errors of ${route.id}`,
    )
    assert.match(error.message, /\w/)
  })
}

async function answersAtAll(method: string, path: string): Promise<void> {
  const response = await sendRequest({ socketPath: node.socket, method, path })
  assert.equal(response.status, 200)
  for await (const _ of response.body) break
}

test('broken JSON is told by line and column', async () => {
  const response = await sendRequest({
    socketPath: node.socket,
    method: 'POST',
    path: '/machines',
    body: '{"alias": "web",\n  "ram" 256}',
    contentType: 'application/json',
  })
  const error = JSON.parse(Buffer.concat(await Array.fromAsync(response.body)).toString()) as ErrorBody
  assert.equal(error.code, 'InvalidJson')
  assert.match(error.message, /line 2, column 9/i)
})

test('a machine goes to a bundle and comes back whole: identity, content, snapshots, metadata', async () => {
  const uuid = await create({ alias: 'traveller', quota: 3, delegate_dataset: true, autoboot: false, customer_metadata: { a: 'b' }, tags: { role: 'db' } })
  await node.follow('machine.update', { params: { name: uuid }, json: { set_customer_metadata: { later: 1 } } })
  const before = await get(uuid)
  const parts: Buffer[] = []
  for await (const part of node.client.bytes('machine.send', { params: { name: uuid } })) parts.push(part)
  const bundle = Buffer.concat(parts)
  assert.ok(bundle.length > 100_000)
  const busy = await node.follow('machine.receive', { bytes: asChunks(bundle) }).catch((error: unknown) => error)
  assert.match(String(busy), /already exists/)
  await node.follow('machine.delete', { params: { name: uuid } })
  await node.follow('machine.receive', { bytes: asChunks(bundle) })
  const { last_modified: _a, ...after } = await get(uuid)
  const { last_modified: _b, ...expected } = before
  assert.deepEqual(after, expected)
  await node.follow('machine.start', { params: { name: uuid } })
  assert.equal((await get(uuid)).state, 'running')
  await node.follow('machine.delete', { params: { name: uuid } })
})

test('a cut bundle leaves nothing', async () => {
  const uuid = await create({ autoboot: false })
  const parts: Buffer[] = []
  for await (const part of node.client.bytes('machine.send', { params: { name: uuid } })) parts.push(part)
  await node.follow('machine.delete', { params: { name: uuid } })
  const clean = await readInventory(node, [testImage, otherImage])
  const bundle = Buffer.concat(parts)
  const refused = await node.follow('machine.receive', { bytes: asChunks(bundle.subarray(0, bundle.length / 2)) }).catch((error: unknown) => error)
  assert.ok(refused instanceof Error)
  assert.deepEqual(await readInventory(node, [testImage, otherImage]), clean)
})

async function* asChunks(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536)
}

test('zones outlive a killed daemon untouched, and events resume by number', async () => {
  const uuid = await create()
  const { pid, boot_timestamp } = await get(uuid)
  const [ready] = await takeEvents(undefined, 1)
  await node.follow('machine.update', { params: { name: uuid }, json: { alias: 'seen' } })
  const [modify] = await takeEvents(ready!.seq, 1)
  assert.equal(modify?.type, 'modify')
  assert.ok(modify.type === 'modify' && modify.changes.some((change) => change.prettyPath === 'alias' && change.newValue === 'seen'))
  await node.kill()
  await node.start()
  const after = await get(uuid)
  assert.deepEqual({ pid: after.pid, boot_timestamp: after.boot_timestamp, state: after.state }, { pid, boot_timestamp, state: 'running' })
  const [again] = await takeEvents(modify.seq, 1)
  assert.equal(again?.type, 'ready')
  assert.ok(again.seq > modify.seq)
  await node.follow('machine.delete', { params: { name: uuid } })
})

async function takeEvents(since: number | undefined, count: number): Promise<MachineEvent[]> {
  const events: MachineEvent[] = []
  for await (const event of node.client.stream<MachineEvent>('event.follow', { query: { since } })) if (events.push(event) === count) break
  return events
}

test('a cancelled create is undone', async () => {
  const clean = await readInventory(node, [testImage, otherImage])
  // The script never ends, so that the guest is never provisioned: its marker is renamed only when its metadata was had.
  const events = node.client.follow('machine.create', { json: payload({ customer_metadata: { 'user-script': '#!/bin/sh\nsleep 1000\n' }, nowait: false }) })
  let cancelled = false
  let state = ''
  for await (const event of events) {
    if (!cancelled) await node.client.json('operation.cancel', { params: { id: event.operation.id } })
    cancelled = true
    state = event.operation.state
  }
  assert.equal(state, 'cancelled')
  assert.deepEqual(await readInventory(node, [testImage, otherImage]), clean)
})

test('a dry run plans and touches nothing', async () => {
  const clean = await readInventory(node, [testImage, otherImage])
  const { result } = await node.follow('machine.create', { json: payload(), query: { dry_run: true } })
  const { steps } = result as { steps: { kind: string }[] }
  assert.deepEqual(
    steps.map(({ kind }) => kind),
    ['dataset.clone', 'guest.prepare', 'record.write', 'zone.boot'],
  )
  assert.deepEqual(await readInventory(node, [testImage, otherImage]), clean)
})
