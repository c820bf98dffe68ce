import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Context, Log } from '#host/context.ts'
import type { ZoneExit } from '#host/runtime.ts'
import { ensureDirectory, readJsonFile, readTextFile, writeFileAtomic } from '#host/fs/atomic.ts'
import { createAddressIndex } from '#plan/machine/address-index.ts'
import { openFeed } from './events/feed.ts'
import type { Host } from './host.ts'
import { guestsRunDir, imagesDir, journalDir, type Layout, machinesDir } from './layout.ts'
import { startMachineRequest } from './machines/lifecycle.ts'
import { publishState, readAllFacts, readLastExit } from './machines/read.ts'
import { followLeases } from './machines/leased-resolvers.ts'
import { createMetadataAccess } from './machines/metadata-access.ts'
import { createMetadataServers, type MetadataServers } from './metadata/server.ts'
import { openJournal } from './operations/journal.ts'
import { createLocks } from './operations/locks.ts'
import { createOperations, type Operations } from './operations/operations.ts'
import type { Hooks } from './operations/run-plan.ts'
import type { Parts } from './parts.ts'
import { adoptZones, autobootMachines, sweepNics, sweepOrphans } from './reconcile/adopt.ts'
import { createExitHandler, type ExitHandler } from './reconcile/exits.ts'
import { beginRecovery } from './reconcile/recover.ts'
import { createLive } from './state/live.ts'
import { openNicTagStore } from './state/nic-tags.ts'
import { parseInstalledImage, parseMachineRecord } from './state/parse-record.ts'
import { openRecordStore } from './state/record-store.ts'

export interface NodeOptions {
  host: Host
  runDir: string
  guestDir: string
  serverUuid: string
  datacenterName?: string
  log: Log
  now?: () => Date
  hooks?: Hooks
  /** In place of real sockets; the simulated node has no guests that would ask. */
  metadata?: MetadataServers
}

const closeGraceMs = 10_000

export interface Node {
  parts: Parts
  operations: Operations
  /** Resolves when what a killed daemon left has been finished or unwound, and autoboot machines are started. */
  settled: Promise<void>
  close(): Promise<void>
}

/** Puts the daemon together on a host, takes on what runs, and begins to recover what was cut off. */
export async function createNode(options: NodeOptions): Promise<Node> {
  const { host, log } = options
  const now = options.now ?? (() => new Date())
  const context: Context = { signal: new AbortController().signal, log, now }
  const layout = await openLayout(options, context)
  const parts = await openParts(options, layout, now)
  const locks = createLocks()
  const hooks = options.hooks ?? {}
  const journal = await openJournal(journalDir(layout))
  const operations = createOperations({ parts, journal, locks, hooks })

  for (const tag of parts.tags.all()) await host.network.ensureTag(tag, context)
  await adoptZones(context, parts)
  const stopFollowing = followLeases(parts)
  const closing = new AbortController()
  const exits = createExitHandler(locks, parts, closing.signal)
  const stopListening = host.runtime.onExit((exit) => void handleExit(exit, exits, { log, signal: closing.signal }))
  const recovery = await beginRecovery({ parts, journal, locks, hooks })
  await Promise.all([...parts.machines.all()].map((record) => readLastExit(record.uuid, parts)))
  await readAllFacts(context, parts)
  for (const record of parts.machines.all()) publishState(record.uuid, parts)

  const settled = recovery.finished.then(async () => {
    await sweepOrphans(context, { locks, parts, exits })
    await sweepNics(context, parts)
    await autobootOnce(parts, operations)
  })
  return {
    parts,
    operations,
    settled,
    async close() {
      stopListening()
      stopFollowing()
      closing.abort()
      // What takes longer is cut off: its journal entry tells the next start how to go on.
      await Promise.race([settled.catch(() => {}).then(() => operations.idle()), sleep(closeGraceMs, undefined, { ref: false })])
      await parts.metadata.closeAll()
    },
  }
}

async function handleExit(exit: ZoneExit, exits: ExitHandler, { log, signal }: { log: Log; signal: AbortSignal }): Promise<void> {
  try {
    await exits.handle(exit)
  } catch (error) {
    if (!signal.aborted) log.error({ err: error, uuid: exit.uuid }, 'could not handle the end of a zone')
  }
}

async function openLayout(options: NodeOptions, context: Context): Promise<Layout> {
  const { storage } = options.host
  if (!(await storage.exists('config', context))) await storage.create('config', {}, context)
  // Zones' bind mounts are made with the ids of their user namespace, which must be able to pass through.
  await ensureDirectory(options.runDir, 0o711)
  await ensureDirectory(guestsRunDir(options), 0o711)
  await ensureDirectory(join(options.runDir, 'enter'), 0o700)
  return { configDir: storage.mountpointOf('config'), runDir: options.runDir, guestDir: options.guestDir }
}

async function openParts(options: NodeOptions, layout: Layout, now: () => Date): Promise<Parts> {
  const machines = await openRecordStore(machinesDir(layout), parseMachineRecord)
  const addresses = createAddressIndex()
  for (const record of machines.all()) if (record.internal.failed === undefined) addresses.add(record)
  const parts: Omit<Parts, 'metadata'> = {
    host: options.host,
    layout,
    log: options.log,
    now,
    serverUuid: options.serverUuid,
    datacenterName: options.datacenterName,
    machines,
    images: await openRecordStore(imagesDir(layout), parseInstalledImage),
    tags: await openNicTagStore(layout.configDir),
    addresses,
    reserved: new Map(),
    outgoing: new Map(),
    incoming: new Map(),
    live: createLive(),
    feed: await openFeed(layout.configDir, options.log),
  }
  const metadata = options.metadata ?? createMetadataServers({ dir: guestsRunDir(layout), access: createMetadataAccess(parts), log: options.log })
  return { ...parts, metadata }
}

/** Once for each boot of the node: a machine that was shut down from inside stays down when only the daemon restarts. */
async function autobootOnce(parts: Parts, operations: Operations): Promise<void> {
  const marker = join(parts.layout.runDir, 'autobooted.json')
  const boot_id = (await readTextFile('/proc/sys/kernel/random/boot_id'))?.trim() ?? 'unknown'
  const noted = (await readJsonFile(marker)) as { boot_id?: string } | null
  if (noted?.boot_id === boot_id) return
  await writeFileAtomic(marker, JSON.stringify({ boot_id }), { durable: false })
  const started: string[] = []
  autobootMachines((uuid) => void started.push(operations.start(startMachineRequest(uuid, parts)).id), parts)
  await Promise.all(started.map((id) => operations.wait(id)))
}
