import { join } from 'node:path'
import { silentLog } from '#host/context.ts'
import { createFakeNetwork, type FakeNetwork } from '#host/network-fake.ts'
import { createFakeRuntime, type FakeRuntime } from '#host/runtime-fake.ts'
import { createFakeStorage, type FakeStorage } from '#host/storage-fake.ts'
import { createNode, type Node, type NodeOptions } from '#node/node.ts'
import type { Hooks } from '#node/operations/run-plan.ts'

/** A whole node on fakes: the real daemon's code, no kernel. */
export interface SimNode {
  node: Node
  storage: FakeStorage
  runtime: FakeRuntime
  network: FakeNetwork
}

export interface SimOptions {
  /** An empty directory for the pool's files and the run directory. */
  directory: string
  hooks?: Hooks
  now?: () => Date
  /** What the daemon's flags would say. */
  flags?: Pick<NodeOptions, 'platform' | 'declaredTags'>
  /** Parts of an earlier simulated node, whose daemon has ended: its zones and datasets are still there. */
  from?: Pick<SimNode, 'storage' | 'runtime' | 'network'>
}

/** Starts a simulated node; its parts can be made to fail by their switches. */
export async function startSimNode(options: SimOptions): Promise<SimNode> {
  const mountpoint = join(options.directory, 'pool')
  const storage = options.from?.storage ?? createFakeStorage({ pool: 'zones', mountpoint })
  const runtime = options.from?.runtime ?? createFakeRuntime(options.now === undefined ? {} : { now: options.now })
  const network = options.from?.network ?? createFakeNetwork()
  const node = await createNode({
    host: { storage, runtime, network, hurry: (work) => work() },
    runDir: join(options.directory, 'run'),
    guestDir: join(options.directory, 'run/native'),
    serverUuid: '5e000000-0000-4000-8000-000000000001',
    log: silentLog,
    metadata: { open: async () => {}, close: async () => {}, closeAll: async () => {} },
    ...options.flags,
    ...(options.hooks === undefined ? {} : { hooks: options.hooks }),
    ...(options.now === undefined ? {} : { now: options.now }),
  })
  return { node, storage, runtime, network }
}
