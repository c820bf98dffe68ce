import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAppError } from '#contracts/errors.ts'
import type { Context, Log } from '#host/context.ts'
import type { ZoneExit } from '#host/runtime.ts'
import { ensureDirectory } from '#host/fs/atomic.ts'
import { ensureConfigDataset } from '#host/pool/config-dataset.ts'
import { createAddressIndex } from '#plan/machine/address-index.ts'
import { openFeed } from './events/feed.ts'
import { applyDeclaredTags } from './declared-tags.ts'
import type { Host } from './host.ts'
import { guestsRunDir, imagesDir, journalDir, type Layout, machinesDir } from './layout.ts'
import { publishState, readAllFacts, readLastExit } from './machines/read.ts'
import { followLeases } from './machines/leased-resolvers.ts'
import { createMetadataAccess } from './machines/metadata-access.ts'
import { createMetadataServers, type MetadataServers } from './metadata/server.ts'
import { openJournal } from './operations/journal.ts'
import { createLocks } from './operations/locks.ts'
import { createOperations, type Operations } from './operations/operations.ts'
import type { Hooks } from './operations/run-plan.ts'
import type { Parts } from './parts.ts'
import { readPlatform } from './platform.ts'
import { adoptZones, sweepNics, sweepOrphans } from './reconcile/adopt.ts'
import { autobootOnce } from './reconcile/autoboot.ts'
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
  /** Directory of the platform's own tree; absent on a node that was booted from none. */
  platform?: string
  /** File of the nic tags that the node's settings declare. */
  declaredTags?: string
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

  if (options.declaredTags !== undefined) parts.startup.problems.push(...(await applyDeclaredTags(options.declaredTags, parts.tags)))
  await ensureTags(parts, context)
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
    parts.startup.settled = true
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
  await ensureConfigDataset(storage, context)
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
    platform: options.platform === undefined ? null : await readPlatform(options.platform, options.log),
    startup: { settled: false, stopping: false, problems: [] },
  }
  const metadata = options.metadata ?? createMetadataServers({ dir: guestsRunDir(layout), access: createMetadataAccess(parts), log: options.log })
  return { ...parts, metadata }
}

/** A tag whose link is not there (a pool from another node, a card taken out) is told of; machines on others run all the same. */
async function ensureTags(parts: Parts, context: Context): Promise<void> {
  for (const tag of parts.tags.all()) {
    try {
      await parts.host.network.ensureTag(tag, context)
    } catch (err) {
      if (!isAppError(err)) throw err
      parts.log.error({ err, tag: tag.name }, 'a nic tag could not be set up')
      parts.startup.problems.push(`Nic tag ${tag.name} could not be set up: ${err.message}`)
    }
  }
}
