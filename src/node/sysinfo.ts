import { readSysinfo } from '#host/sys/sysinfo.ts'
import { bridgeName } from '#contracts/network/bridge-name.ts'
import type { Parts } from './parts.ts'

/** sysinfo(8) of this node, with what the daemon knows of its pool and nic tags. */
export function createSysinfoReader(parts: Parts): () => Promise<Record<string, unknown>> {
  return async () => {
    const { storage } = parts.host
    const usage = await storage.readUsage({ signal: new AbortController().signal, log: parts.log, now: parts.now })
    const nicTags: Record<string, string[]> = {}
    for (const tag of parts.tags.all()) nicTags[bridgeName(tag.name)] = [tag.name]
    return await readSysinfo({
      uuid: parts.serverUuid,
      ...(typeof parts.platform?.stamp === 'string' ? { liveImage: parts.platform.stamp } : {}),
      ...(parts.datacenterName === undefined ? {} : { datacenterName: parts.datacenterName }),
      zpool: { name: storage.pool, encrypted: false, disks: [], profile: storage.kind, created: null, sizeGib: Math.floor(usage.size_bytes / 2 ** 30) },
      nicTags,
    })
  }
}
