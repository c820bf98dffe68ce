import type { Filesystem, MachineRecord, Nic } from '#contracts/machine/record.ts'
import type { Memory } from './memory.ts'

/** The parts of a record that are planned on their own. */
export interface Planned {
  memory: Memory
  nics: Nic[]
  filesystems: Filesystem[]
}

/** Who a record is about; never changed by an update. */
export type Identity = Pick<
  MachineRecord,
  'uuid' | 'zonename' | 'brand' | 'image_uuid' | 'zpool' | 'create_timestamp' | 'last_modified' | 'server_uuid' | 'internal'
> &
  Partial<Pick<MachineRecord, 'datacenter_name' | 'delegate_dataset' | 'nowait' | 'mdata_exec_timeout'>>

/** Plain properties as asked for; absent ones get their defaults. */
export type Wanted = Partial<Omit<MachineRecord, keyof Identity | keyof Memory | 'nics' | 'filesystems' | 'v'>>

const zeroUuid = '00000000-0000-0000-0000-000000000000'

/** Optional properties in the order they are stored in; absent when not asked for. */
const optionalNames = [
  'boot_order',
  'archive_on_delete',
  'do_not_inventory',
  'indestructible_zoneroot',
  'indestructible_delegated',
  'package_name',
  'package_version',
  'fs_allowed',
  'kernel_version',
  'init_name',
  'restart_init',
  'zfs_root_compression',
  'zfs_root_recsize',
  'zfs_data_compression',
  'zfs_data_recsize',
  'zfs_filesystem_limit',
  'zfs_snapshot_limit',
  'maintain_resolvers',
  'internal_metadata_namespaces',
  'docker',
  'zlog_max_size',
] as const satisfies readonly (keyof Wanted)[]

/** A whole record with every default of reference 1.5, keys in a fixed order. */
export function completeRecord(identity: Identity, wanted: Wanted, planned: Planned): MachineRecord {
  return {
    v: 1,
    ...completeIdentity(identity, wanted),
    ...planned.memory,
    ...completeLimits(wanted),
    zpool: identity.zpool,
    ...optional(wanted),
    ...(identity.delegate_dataset === undefined ? {} : { delegate_dataset: identity.delegate_dataset }),
    ...(identity.nowait === undefined ? {} : { nowait: identity.nowait }),
    ...(planned.filesystems.length === 0 ? {} : { filesystems: planned.filesystems }),
    nics: planned.nics,
    ...completeNetwork(wanted),
    ...completeMetadata(wanted),
    create_timestamp: identity.create_timestamp,
    last_modified: identity.last_modified,
    server_uuid: identity.server_uuid,
    ...(identity.datacenter_name === undefined ? {} : { datacenter_name: identity.datacenter_name }),
    internal: identity.internal,
  }
}

function completeIdentity(
  identity: Identity,
  wanted: Wanted,
): Pick<
  MachineRecord,
  | 'uuid'
  | 'zonename'
  | 'brand'
  | 'alias'
  | 'hostname'
  | 'dns_domain'
  | 'image_uuid'
  | 'owner_uuid'
  | 'billing_id'
  | 'autoboot'
  | 'limit_priv'
  | 'mdata_exec_timeout'
> {
  const { uuid, zonename, brand, image_uuid } = identity
  return {
    uuid,
    zonename,
    brand,
    ...(wanted.alias === undefined ? {} : { alias: wanted.alias }),
    hostname: wanted.hostname ?? zonename,
    dns_domain: wanted.dns_domain ?? 'local',
    image_uuid,
    owner_uuid: wanted.owner_uuid ?? zeroUuid,
    billing_id: wanted.billing_id ?? zeroUuid,
    autoboot: wanted.autoboot ?? true,
    limit_priv: wanted.limit_priv ?? ['default'],
    mdata_exec_timeout: identity.mdata_exec_timeout ?? 300,
  }
}

function completeLimits(
  wanted: Wanted,
): Pick<MachineRecord, 'cpu_cap' | 'cpu_shares' | 'zfs_io_priority' | 'max_lwps' | 'max_msg_ids' | 'max_sem_ids' | 'max_shm_ids'> {
  const { cpu_cap } = wanted
  return {
    // 0 is SmartOS's way to say no cap.
    ...(cpu_cap === undefined || cpu_cap === 0 ? {} : { cpu_cap }),
    cpu_shares: wanted.cpu_shares ?? 100,
    zfs_io_priority: wanted.zfs_io_priority ?? 100,
    max_lwps: wanted.max_lwps ?? 2000,
    max_msg_ids: wanted.max_msg_ids ?? 4096,
    max_sem_ids: wanted.max_sem_ids ?? 4096,
    max_shm_ids: wanted.max_shm_ids ?? 4096,
  }
}

function completeNetwork(wanted: Wanted): Pick<MachineRecord, 'resolvers' | 'routes' | 'firewall_enabled'> {
  return { resolvers: wanted.resolvers ?? [], routes: wanted.routes ?? {}, firewall_enabled: wanted.firewall_enabled ?? false }
}

function completeMetadata(wanted: Wanted): Pick<MachineRecord, 'customer_metadata' | 'internal_metadata' | 'tags'> {
  return { customer_metadata: wanted.customer_metadata ?? {}, internal_metadata: wanted.internal_metadata ?? {}, tags: wanted.tags ?? {} }
}

function optional(wanted: Wanted): Pick<Wanted, (typeof optionalNames)[number]> {
  return Object.fromEntries(optionalNames.filter((name) => wanted[name] !== undefined).map((name) => [name, wanted[name]]))
}
