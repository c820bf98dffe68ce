import type { NetworkAddress } from '../network/address.ts'

/** Brands SmartOS knows. On this node: OS brands are containers, `joyent` and `builder` with the programs of the platform; kvm and bhyve wait for the hypervisor. */
export const brands = ['joyent', 'joyent-minimal', 'builder', 'lx', 'kvm', 'bhyve'] as const
export type Brand = (typeof brands)[number]

export type Scalar = string | number | boolean
export type ScalarMap = Record<string, Scalar>

/** A nic as stored and shown. Both the legacy (`ip`, `netmask`, `gateway`) and the list form are always present in output. */
export interface Nic {
  interface: string
  mac: string
  nic_tag: string
  vlan_id?: number
  mtu?: number
  model?: string
  /** CIDR strings, `dhcp` or `addrconf`. */
  ips: NetworkAddress[]
  ip?: string
  netmask?: string
  gateways?: string[]
  gateway?: string
  primary?: true
  network_uuid?: string
  allow_dhcp_spoofing?: boolean
  allow_ip_spoofing?: boolean
  allow_mac_spoofing?: boolean
  allow_restricted_traffic?: boolean
  allow_unfiltered_promisc?: boolean
  allowed_ips?: string[]
  allowed_dhcp_cids?: string[]
  blocked_outgoing_ports?: number[]
  dhcp_server?: boolean
  vrrp_vrid?: number
  vrrp_primary_ip?: string
}

export interface Filesystem {
  type: string
  source: string
  target: string
  raw?: string
  options?: string[]
}

/**
 * What is stored of a machine, in `config/machines/UUID.json` on the pool, one readable file each.
 * Names, units and forms are those of `vmadm get` (SmartOS vmadm(8)); absent optional properties are
 * absent, never null. What the file system or the kernel knows (quota, snapshots, pid, state) is not
 * stored but read back.
 */
export interface MachineRecord {
  v: 1
  uuid: string
  zonename: string
  brand: Brand
  alias?: string
  hostname: string
  dns_domain: string
  image_uuid: string
  owner_uuid: string
  billing_id: string
  autoboot: boolean
  /** Absent: `defaultBootOrder`. */
  boot_order?: number
  archive_on_delete?: boolean
  do_not_inventory?: boolean
  indestructible_zoneroot?: boolean
  indestructible_delegated?: boolean
  package_name?: string
  package_version?: string
  limit_priv: string[]
  fs_allowed?: string[]
  kernel_version?: string
  init_name?: string
  restart_init?: boolean
  nowait?: boolean
  mdata_exec_timeout: number
  max_physical_memory: number
  max_locked_memory: number
  max_swap: number
  tmpfs: number
  cpu_cap?: number
  cpu_shares: number
  zfs_io_priority: number
  max_lwps: number
  max_msg_ids: number
  max_sem_ids: number
  max_shm_ids: number
  max_shm_memory: number
  zpool: string
  zfs_root_compression?: string
  zfs_root_recsize?: number
  zfs_data_compression?: string
  zfs_data_recsize?: number
  zfs_filesystem_limit?: number
  zfs_snapshot_limit?: number
  delegate_dataset?: boolean
  filesystems?: Filesystem[]
  nics: Nic[]
  resolvers: string[]
  maintain_resolvers?: boolean
  routes: Record<string, string>
  firewall_enabled: boolean
  customer_metadata: ScalarMap
  internal_metadata: ScalarMap
  internal_metadata_namespaces?: string[]
  tags: ScalarMap
  docker?: boolean
  zlog_max_size?: number
  create_timestamp: string
  last_modified: string
  server_uuid: string
  datacenter_name?: string
  /** Ours: never shown by vmadm. */
  internal: RecordInternal
}

/** What the node notes for itself beside a machine's properties. */
export interface RecordInternal {
  /** First host uid and gid of the machine's private range of 65,536. */
  uid_base: number
  /** Grows by one with every operation that writes the record; tells a restart whether one has committed. */
  revision?: number
  /** True from create until the guest reported that it is provisioned. */
  provisioning?: boolean
  /** Why the machine is in state `failed`. */
  failed?: string
  /** A receive has not brought all datasets yet. */
  receiving?: boolean
  /** Of a machine that was received: what its root tree was seen to hold, for its image may not be here. */
  facts?: RootFacts
}

/** What a root tree was seen to hold before any guest could touch it. */
export interface RootFacts {
  systemd: boolean
  cloud_init: boolean
  /** It has no /usr of its own; the node mounts the platform's. */
  sparse?: boolean
}

/** Machines are started with the node in this order, lower numbers first; ours, SmartOS has none. */
export const defaultBootOrder = 1000

/** User view of the life of a machine (smartos-node reference 1.7). */
export const machineStates = [
  'configured',
  'incomplete',
  'failed',
  'provisioning',
  'receiving',
  'starting',
  'stopping',
  'stopped',
  'running',
  'ready',
  'shutting_down',
  'down',
] as const
export type MachineState = (typeof machineStates)[number]

export interface Snapshot {
  name: string
  created_at: string
  /** MiB, rounded down. */
  size: number
}

/** What `vmadm get` prints: the record without `internal`, and what was read back. */
export type Machine = Omit<MachineRecord, 'internal' | 'delegate_dataset' | 'nowait'> & {
  type: 'OS' | 'LX' | 'KVM' | 'BHYVE'
  hvm: boolean
  state: MachineState
  zone_state: string
  zonepath: string
  zoneid?: number
  pid?: number
  /** GiB; absent without a quota. */
  quota?: number
  snapshots: Snapshot[]
  datasets?: string[]
  zfs_filesystem: string
  boot_timestamp?: string
  exit_status?: number
  exit_timestamp?: string
  failed?: boolean
  provisioning?: boolean
  transition_to?: string
  transition_expire?: string
  missing?: { datasets: string[]; disks: string[]; filesystems: string[] }
  platform_buildstamp?: string
}
