import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Log } from '#host/context.ts'
import { removeTree } from '#host/fs/atomic.ts'
import { ensureReadableDirectory, listenOnOwnedSocket } from '#host/fs/owned.ts'
import type { MetadataFacts, MetadataStore } from '#plan/metadata/keys.ts'
import { type ConnectionHost, serveConnection } from './connection.ts'

/** How the servers reach the state of the machines. All may throw; the guest is then told FAILURE. */
export interface MetadataAccess {
  get(uuid: string): MetadataFacts
  /** Stores for good; resolves when it is safe. */
  put(uuid: string, store: MetadataStore, key: string, value: string): Promise<void>
  remove(uuid: string, store: MetadataStore, key: string): Promise<void>
}

/** What one zone may take of the daemon. */
export interface MetadataLimits {
  connections: number
  /** Bytes of unfinished lines over all connections of a zone. */
  heldBytes: number
  lineBytes: number
  idleMs: number
  /** Requests: a read costs 1, a write 10. */
  burst: number
  perSecond: number
}

export const defaultLimits: MetadataLimits = { connections: 16, heldBytes: 4 << 20, lineBytes: 1 << 20, idleMs: 120_000, burst: 200, perSecond: 100 }

export interface MetadataServersOptions {
  /** Run directory of the zones; the socket is `<dir>/<uuid>/zonecontrol/metadata.sock`. */
  dir: string
  access: MetadataAccess
  log: Log
  limits?: Partial<MetadataLimits>
}

export interface MetadataServers {
  /** Listens for a zone, in place of whatever socket a former daemon left. `uid` is the host uid of the zone's root. */
  open(uuid: string, options: { uid: number }): Promise<void>
  /** Ends a zone's connections and removes its socket directory; fine when it was not open. */
  close(uuid: string): Promise<void>
  /** Ends all, but leaves the sockets: guests then wait for the next daemon instead of finding no service. */
  closeAll(): Promise<void>
}

interface OpenZone {
  server: Server
  sockets: Set<Socket>
}

/** A metadata server for each zone, each on its own unix socket, so that who asks is known by the socket. */
export function createMetadataServers(options: MetadataServersOptions): MetadataServers {
  const limits = { ...defaultLimits, ...options.limits }
  const zones = new Map<string, OpenZone>()

  const stop = async (uuid: string): Promise<void> => {
    const zone = zones.get(uuid)
    if (zone === undefined) return
    zones.delete(uuid)
    const closed = new Promise((resolve) => zone.server.close(resolve))
    for (const socket of zone.sockets) socket.destroy()
    await closed
  }
  return {
    async open(uuid, { uid }) {
      await stop(uuid)
      const directory = join(options.dir, uuid, 'zonecontrol')
      await ensureReadableDirectory(directory)
      const zone = createZone({ uuid, access: options.access, log: options.log, limits })
      zones.set(uuid, zone)
      await listenOnOwnedSocket(zone.server, join(directory, 'metadata.sock'), { uid, mode: 0o600 })
    },
    async close(uuid) {
      await stop(uuid)
      await removeTree(join(options.dir, uuid, 'zonecontrol'))
    },
    async closeAll() {
      await Promise.all([...zones.keys()].map(stop))
    },
  }
}

function createZone(host: Omit<ConnectionHost, 'zone'>): OpenZone {
  const sockets = new Set<Socket>()
  const zone = { bucket: { tokens: host.limits.burst, atMs: performance.now() }, heldBytes: 0 }
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    // A reset by the guest is its own business; `close` follows.
    socket.on('error', () => socket.destroy())
    socket.setTimeout(host.limits.idleMs, () => socket.destroy())
    void serveConnection(socket, { ...host, zone })
  })
  server.maxConnections = host.limits.connections
  server.on('error', (error) => host.log.warn({ uuid: host.uuid, error }, 'metadata socket failed'))
  return { server, sockets }
}
