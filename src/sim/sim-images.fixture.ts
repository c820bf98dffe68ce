import { join } from 'node:path'
import { silentLog } from '#host/context.ts'
import { ensureDirectory } from '#host/fs/atomic.ts'
import type { SimNode } from './sim-node.ts'

const context = { signal: new AbortController().signal, log: silentLog, now: () => new Date() }

/** Puts images with an almost empty root into a simulated node, as an install leaves them. */
export async function installTestImages({ node, storage }: SimNode, uuids: readonly string[]): Promise<void> {
  for (const uuid of uuids) {
    await storage.create(uuid, {}, context)
    await ensureDirectory(join(storage.mountpointOf(uuid), 'root/var/svc'))
    await storage.snapshot({ dataset: uuid, snapshot: 'final' }, context)
    const manifest = { v: 2 as const, uuid, name: 'test', version: '1', type: 'lx-dataset' as const, os: 'linux' as const }
    const facts = { systemd: false, cloud_init: false }
    await node.parts.images.write(uuid, { manifest, zpool: 'zones', source: null, installed_at: '2026-11-23T00:00:00.000Z', facts })
  }
}
