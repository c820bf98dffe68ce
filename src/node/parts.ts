import type { Writable } from 'node:stream'
import type { InstalledImage } from '#contracts/image/manifest.ts'
import type { MachineRecord } from '#contracts/machine/record.ts'
import type { Log } from '#host/context.ts'
import type { BundlePart } from '#lib/bundle.ts'
import type { AddressIndex } from '#plan/machine/address-index.ts'
import type { Feed } from './events/feed.ts'
import type { Host } from './host.ts'
import type { Layout } from './layout.ts'
import type { Live } from './state/live.ts'
import type { NicTagStore } from './state/nic-tags.ts'
import type { RecordStore } from './state/record-store.ts'
import type { MetadataServers } from './metadata/server.ts'
import type { Platform } from './platform.ts'

/** What the daemon is put together from; made once in `node.ts` and handed around as a plain argument. */
export interface Parts {
  host: Host
  layout: Layout
  log: Log
  now: () => Date
  /** UUID of this node (sysinfo `UUID`, `server_uuid` of its machines). */
  serverUuid: string
  datacenterName: string | undefined
  machines: RecordStore<MachineRecord>
  images: RecordStore<InstalledImage>
  tags: NicTagStore
  addresses: AddressIndex
  /** Machines being created or received, from the moment they were accepted until they are written. */
  reserved: Map<string, MachineRecord>
  /** Bundles being sent and received, by the id in their step; none outlives the daemon. */
  outgoing: Map<string, Writable>
  incoming: Map<string, AsyncIterable<BundlePart>>
  live: Live
  feed: Feed
  metadata: MetadataServers
  /** null on a node that was not booted from a platform image. */
  platform: Platform | null
  startup: Startup
}

/** How far the daemon is, from its start to the node's end. */
export interface Startup {
  /** What a killed daemon left is finished or unwound, and what starts with the node has been started. */
  settled: boolean
  /** All machines are being stopped: none is to start by itself. */
  stopping: boolean
  /** Sentences about what is wrong since the start. */
  problems: string[]
}
