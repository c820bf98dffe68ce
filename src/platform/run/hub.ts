import { createServer, type Socket } from 'node:net'
import { AppError } from '#contracts/errors.ts'
import { removeFile } from '#host/fs/atomic.ts'

/** An Ethernet switch between guests: each is a client of its unix socket (QEMU's `-netdev stream`). */
export interface Hub {
  socket: string
  close: () => Promise<void>
}

/** QEMU puts the length of each frame before it, 32 bits in network order; the largest it sends are those with offloads. */
const lengthSize = 4
const largestFrame = 256 << 10
/** What waits for a guest that does not read; more is dropped, as a switch does. */
const largestQueue = 4 << 20
const largestTable = 4096

/** Starts a switch in this process. No rights are needed; who may open the socket may take part. */
export async function startHub(socket: string): Promise<Hub> {
  await removeFile(socket, { durable: false })
  const ports = new Set<Socket>()
  const table = new Map<string, Socket>()
  const server = createServer((port) => {
    ports.add(port)
    const take = createFrameReader((frame, whole) => forward({ port, frame, whole, ports, table }))
    port.on('data', (chunk: Buffer) => {
      if (!take(chunk)) port.destroy()
    })
    port.on('error', () => {})
    port.on('close', () => {
      ports.delete(port)
      for (const [mac, at] of table) if (at === port) table.delete(mac)
    })
  })
  const listening = Promise.withResolvers<void>()
  server.once('error', (cause) => listening.reject(new AppError('CommandFailed', `The network of the guests could not be made at ${socket}.`, { cause })))
  server.listen(socket, listening.resolve)
  await listening.promise
  return {
    socket,
    async close() {
      for (const port of ports) port.destroy()
      await new Promise<void>((resolve) => void server.close(() => resolve()))
    },
  }
}

/** Cuts a stream into frames; false when it is none of QEMU's. `whole` is the frame with its length before it. */
export function createFrameReader(onFrame: (frame: Buffer, whole: Buffer) => void): (chunk: Buffer) => boolean {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    while (rest.length >= lengthSize) {
      const length = rest.readUInt32BE(0)
      if (length > largestFrame) return false
      if (rest.length < lengthSize + length) return true
      onFrame(rest.subarray(lengthSize, lengthSize + length), rest.subarray(0, lengthSize + length))
      rest = rest.subarray(lengthSize + length)
    }
    return true
  }
}

interface Arrival {
  port: Socket
  frame: Buffer
  whole: Buffer
  ports: ReadonlySet<Socket>
  table: Map<string, Socket>
}

/** To the port that the address was seen at, else to all others. */
function forward({ port, frame, whole, ports, table }: Arrival): void {
  if (frame.length < 14) return
  const to = frame.toString('hex', 0, 6)
  const from = frame.toString('hex', 6, 12)
  if (!isGroup(frame[6]!) && (table.size < largestTable || table.has(from))) table.set(from, port)
  const known = isGroup(frame[0]!) ? undefined : table.get(to)
  const targets = known === undefined ? ports : [known]
  for (const target of targets) if (target !== port && target.writableLength < largestQueue) target.write(whole)
}

/** Broadcast and multicast. */
function isGroup(firstByte: number): boolean {
  return (firstByte & 1) === 1
}
