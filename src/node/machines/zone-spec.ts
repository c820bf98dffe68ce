import { join } from 'node:path'
import type { MachineRecord, RootFacts } from '#contracts/machine/record.ts'
import type { ZoneLimits, ZoneMount, ZoneSpec } from '#host/runtime.ts'
import { planGuestMounts } from '../guest/mounts.ts'
import { writeSeed } from '../guest/seed.ts'
import { zoneRunDir } from '../layout.ts'
import type { Parts } from '../parts.ts'
import { notePlatform, requirePlatform } from '../platform.ts'

const consoleLogBytes = 8 << 20

/** Facts about an image's tree, found when it was installed. */
export function imageFacts(record: Pick<MachineRecord, 'brand' | 'image_uuid' | 'internal'>, parts: Pick<Parts, 'images'>): RootFacts {
  // Whatever a received tree looks like: that is what the brand means.
  if (record.brand === 'joyent') return { systemd: true, cloud_init: false, sparse: true }
  return parts.images.get(record.image_uuid)?.facts ?? record.internal.facts ?? { systemd: false, cloud_init: false }
}

export function isSystemd(record: MachineRecord, parts: Pick<Parts, 'images'>): boolean {
  return record.init_name === undefined && imageFacts(record, parts).systemd
}

export function limitsOf(record: MachineRecord): ZoneLimits {
  return {
    max_physical_memory: record.max_physical_memory,
    max_swap: record.max_swap,
    max_locked_memory: record.max_locked_memory,
    cpu_cap: record.cpu_cap ?? null,
    cpu_shares: record.cpu_shares,
    max_lwps: record.max_lwps,
    zfs_io_priority: record.zfs_io_priority,
  }
}

/** Everything the runtime must know to run the machine, which does not run; writes the seed that is mounted into it. */
export async function readZoneSpec(record: MachineRecord, zoneid: number, parts: Parts): Promise<ZoneSpec> {
  const facts = imageFacts(record, parts)
  const zonepath = parts.host.storage.mountpointOf(record.uuid)
  const systemd = isSystemd(record, parts)
  const platform = facts.sparse === true ? requirePlatform(record.uuid, parts) : null
  if (platform !== null) await notePlatform(record.uuid, platform, parts)
  if (facts.cloud_init) await writeSeed(join(zoneRunDir(parts.layout, record.uuid), 'seed'), record)
  return {
    uuid: record.uuid,
    zoneid,
    hostname: record.hostname,
    root: join(zonepath, 'root'),
    uid_base: record.internal.uid_base,
    init: initOf(record),
    env: { container: 'spirula', TERM: 'linux', PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', container_uuid: record.uuid },
    systemd,
    limits: limitsOf(record),
    tmpfs_mib: record.tmpfs,
    mounts: [
      ...(platform === null ? [] : [platformMount(platform.usr)]),
      ...planGuestMounts({
        uuid: record.uuid,
        brand: record.brand,
        systemd,
        nativeDir: parts.layout.guestDir,
        zoneRunDir: zoneRunDir(parts.layout, record.uuid),
        hasCloudInit: facts.cloud_init,
      }),
      ...datasetMounts(record, parts),
      ...filesystemMounts(record, parts),
    ],
    limit_priv: record.limit_priv,
    log_path: join(zonepath, 'logs', 'platform.log'),
    log_max_bytes: record.zlog_max_size ?? consoleLogBytes,
    exit_path: join(zonepath, 'lastexited'),
  }
}

/**
 * The programs of a sparse zone. Read-only before the zone gets its copy, so that its root cannot take that
 * off; with the zone's ids, so that its set-uid programs are its own root's. See docs/adr/0019-sparse-zones.md.
 */
function platformMount(usr: string): ZoneMount {
  return { source: usr, target: '/usr', read_only: true, idmap: true }
}

function initOf(record: MachineRecord): string[] {
  return [record.init_name ?? '/sbin/init']
}

/** The delegated dataset appears in the zone where ZFS would mount it. */
function datasetMounts(record: MachineRecord, parts: Parts): ZoneMount[] {
  if (record.delegate_dataset !== true) return []
  const dataset = `${record.uuid}/data`
  return [{ source: parts.host.storage.mountpointOf(dataset), target: `/${record.zpool}/${dataset}`, read_only: false, idmap: true }]
}

function filesystemMounts(record: MachineRecord, parts: Parts): ZoneMount[] {
  return (record.filesystems ?? []).map((filesystem) => {
    const options = filesystem.options ?? []
    const volume = volumeDataset(record, filesystem.source)
    return {
      source: volume === null ? filesystem.source : parts.host.storage.mountpointOf(volume),
      target: filesystem.target,
      read_only: options.includes('ro'),
      idmap: true,
      options: options.filter((option) => ['nodev', 'noexec', 'nosuid', 'noatime'].includes(option)),
    }
  })
}

/** A volume made with the machine has a UUID as its source; its files are a dataset below the machine's. */
function volumeDataset(record: Pick<MachineRecord, 'uuid'>, source: string): string | null {
  return /^[0-9a-f-]{36}$/.test(source) ? `${record.uuid}/volumes/${source}` : null
}

/** Datasets of the volumes that were made with the machine, or added to it. */
export function volumesOf(record: Pick<MachineRecord, 'uuid' | 'filesystems'>): string[] {
  return (record.filesystems ?? []).flatMap((filesystem) => volumeDataset(record, filesystem.source) ?? [])
}
