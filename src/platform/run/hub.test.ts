import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createFrameReader, startHub } from './hub.ts'

function frameOf(to: string, from: string, text: string): Buffer {
  const frame = Buffer.concat([Buffer.from(to + from, 'hex'), Buffer.from([8, 0]), Buffer.from(text)])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(frame.length)
  return Buffer.concat([length, frame])
}

interface Port {
  socket: Socket
  /** Texts of the frames that came. */
  seen: string[]
  /** Resolves when the next frame comes. */
  next: () => Promise<unknown>
}

async function plug(path: string): Promise<Port> {
  const socket = connect(path)
  const seen: string[] = []
  const take = createFrameReader((frame) => {
    seen.push(frame.toString('latin1', 14))
    socket.emit('frame')
  })
  socket.on('data', (chunk: Buffer) => void take(chunk))
  await once(socket, 'connect')
  return { socket, seen, next: () => once(socket, 'frame') }
}

const [left, right, group] = ['525400000001', '525400000002', 'ffffffffffff']

/** Ports that the hub knows of all: a later one is told to those before it, in the order they came. */
async function plugAll(path: string): Promise<[Port, Port, Port]> {
  const first = await plug(path)
  const others: Port[] = []
  for (const mac of ['525400000002', '525400000003']) {
    const port = await plug(path)
    const told = first.next()
    port.socket.write(frameOf(group, mac, 'here'))
    await told
    others.push(port)
  }
  return [first, ...others] as [Port, Port, Port]
}

test('a frame to all goes to all others; one to a known address goes there only', { timeout: 10_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'spirula-hub-'))
  const hub = await startHub(join(directory, 'hub.sock'))
  try {
    const [a, b, c] = await plugAll(hub.socket)
    const greeted = Promise.all(
      [b, c].map(async (port) => {
        while (!port.seen.includes('who is there')) await port.next()
      }),
    )
    a.socket.write(frameOf(group, left, 'who is there'))
    await greeted
    const answered = a.next()
    b.socket.write(frameOf(left, right, 'I am'))
    await answered
    const last = Promise.all([a.next(), b.next()])
    c.socket.write(frameOf(group, '525400000003', 'good bye'))
    await last
    const seen = [a, b, c].map((port) => port.seen.filter((text) => text !== 'here'))
    assert.deepEqual(seen, [['I am', 'good bye'], ['who is there', 'good bye'], ['who is there']])
    const closed = once(c.socket, 'close')
    c.socket.write(Buffer.from('ffffffff', 'hex'))
    await closed
  } finally {
    await hub.close()
    rmSync(directory, { recursive: true })
  }
})

test('frames are found however the stream is cut', () => {
  const whole = Buffer.concat([frameOf(left, right, 'one'), frameOf(right, left, 'two'), frameOf(left, right, '')])
  for (let at = 0; at <= whole.length; at++) {
    const found: string[] = []
    const take = createFrameReader((frame) => void found.push(frame.toString('latin1', 14)))
    assert.ok(take(whole.subarray(0, at)) && take(whole.subarray(at)))
    assert.deepEqual(found, ['one', 'two', ''])
  }
})
