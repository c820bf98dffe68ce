import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { join } from 'node:path'
import pino from 'pino'
import { AppError } from '#contracts/errors.ts'
import type { Context } from '#host/context.ts'
import { readJsonFile, writeFileAtomic } from '#host/fs/atomic.ts'
import { ensureConfigDataset } from '#host/pool/config-dataset.ts'
import type { Storage } from '#host/storage.ts'
import { readHostUuid } from '#host/sys/uuid.ts'
import { listen } from './api/server.ts'
import { type LinuxHostOptions, openLinuxHost } from './linux-host.ts'
import { createNode } from './node.ts'
import { createSysinfoReader } from './sysinfo.ts'
import { version } from './version.ts'

export interface DaemonOptions extends LinuxHostOptions {
  datacenterName: string | undefined
  platform: string | undefined
  declaredTags: string | undefined
  logLevel: string
}

/** A daemon that is there answers a ping in a few milliseconds. */
const answerMs = 3000

export interface Daemon {
  close(): Promise<void>
}

/** Opens the pool and the host, takes on what runs, then answers on `<runDir>/daemon.sock`. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const startedAt = new Date()
  const socketPath = join(options.runDir, 'daemon.sock')
  await assertAlone(socketPath)
  const log = pino({ level: options.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime })
  const stopping = new AbortController()
  const context: Context = { signal: stopping.signal, log, now: () => new Date() }

  const { host, guestDir } = await openLinuxHost(options, context)
  const node = await createNode({
    host,
    runDir: options.runDir,
    guestDir,
    serverUuid: await readServerUuid(host.storage, context),
    ...(options.datacenterName === undefined ? {} : { datacenterName: options.datacenterName }),
    ...(options.platform === undefined ? {} : { platform: options.platform }),
    ...(options.declaredTags === undefined ? {} : { declaredTags: options.declaredTags }),
    log,
  })
  const server = await listen(socketPath, { parts: node.parts, operations: node.operations, version, startedAt, readSysinfo: createSysinfoReader(node.parts) })
  log.info({ pid: process.pid, pool: options.pool, machines: node.parts.machines.size(), startMs: Date.now() - startedAt.getTime() }, 'the node daemon answers')
  return {
    async close() {
      await server.close()
      await node.close()
      stopping.abort()
    },
  }
}

/**
 * One daemon writes a node's state. A mere connection proves nothing: a program that a killed daemon was about
 * to start holds its socket open for an instant. Only an answer does.
 */
async function assertAlone(socketPath: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(socketPath, () => socket.write('GET /ping HTTP/1.1\r\nhost: node\r\n\r\n'))
  socket.setTimeout(answerMs, () => resolve(false))
  socket.once('data', () => resolve(true))
  socket.on('error', () => resolve(false))
  socket.on('close', () => resolve(false))
  const taken = await promise
  socket.destroy()
  if (taken) throw new AppError('Busy', `A node daemon answers at ${socketPath} already.`, { hint: 'spirula status' })
}

/** The machine's own UUID; one that has none gets one, kept on its pool. */
async function readServerUuid(storage: Storage, context: Context): Promise<string> {
  const own = await readHostUuid()
  if (own !== null) return own
  await ensureConfigDataset(storage, context)
  const path = join(storage.mountpointOf('config'), 'node.json')
  const kept = (await readJsonFile(path)) as { uuid?: string } | null
  if (kept?.uuid !== undefined) return kept.uuid
  const uuid = randomUUID()
  await writeFileAtomic(path, `${JSON.stringify({ uuid })}\n`)
  return uuid
}
