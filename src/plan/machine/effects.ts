import type { MachineChange } from '#contracts/machine/event.ts'
import { properties, readProperty } from '#contracts/machine/properties.ts'
import type { MachineRecord, Nic } from '#contracts/machine/record.ts'
import { isSame } from '#lib/diff.ts'

/** What an update has to do beyond writing the record. */
export interface UpdateEffects {
  limits: boolean
  quota: boolean
  tmpfs: boolean
  /** Compression, record size, of the root or the delegated dataset. */
  dataset_options: boolean
  /** What nics that stay may send. */
  guards: boolean
  /** Addresses or gateways of nics that stay, or which one is primary. */
  addresses: boolean
  /** Nics were added or removed; seen at the next boot. */
  nics: boolean
  /** The guest's resolvers are to be written again. */
  resolvers: boolean
  routes: boolean
  hostname: boolean
  metadata: boolean
  filesystems: boolean
  /** The new value, when it changed. */
  indestructible_zoneroot: boolean | null
  indestructible_delegated: boolean | null
  firewall: boolean
  /** Properties whose change a running machine sees only after a reboot. */
  restart_needed: string[]
}

const limitNames = ['max_physical_memory', 'max_locked_memory', 'max_swap', 'cpu_cap', 'cpu_shares', 'max_lwps', 'zfs_io_priority']
const datasetNames = ['zfs_root_compression', 'zfs_root_recsize', 'zfs_data_compression', 'zfs_data_recsize', 'zfs_filesystem_limit', 'zfs_snapshot_limit']
const metadataNames = ['customer_metadata', 'internal_metadata', 'internal_metadata_namespaces', 'tags']
const guardNames = [
  'ips',
  'allow_dhcp_spoofing',
  'allow_ip_spoofing',
  'allow_mac_spoofing',
  'allow_restricted_traffic',
  'allow_unfiltered_promisc',
  'allowed_ips',
  'allowed_dhcp_cids',
  'blocked_outgoing_ports',
  'dhcp_server',
] as const satisfies readonly (keyof Nic)[]
const addressNames = ['ips', 'gateways', 'primary'] as const satisfies readonly (keyof Nic)[]

/** `changes` are the differences of the two records and of the quota. */
export function planEffects(before: MachineRecord, after: MachineRecord, changes: readonly MachineChange[], running: boolean): UpdateEffects {
  const changed = new Set(changes.map((change) => String(change.path[0])))
  const any = (names: readonly string[]): boolean => names.some((name) => changed.has(name))
  const nics = compareNics(before.nics, after.nics)
  return {
    limits: any(limitNames),
    quota: changed.has('quota'),
    tmpfs: changed.has('tmpfs'),
    dataset_options: any(datasetNames),
    guards: nics.guards,
    addresses: nics.addresses,
    nics: nics.membership,
    // SmartOS writes them at the first boot only, unless told to maintain them (reference 1.5.6).
    resolvers: after.maintain_resolvers === true && any(['resolvers', 'maintain_resolvers', 'dns_domain']),
    routes: changed.has('routes'),
    hostname: any(['hostname', 'dns_domain']),
    metadata: any(metadataNames),
    filesystems: changed.has('filesystems'),
    indestructible_zoneroot: guardOf('indestructible_zoneroot', before, after),
    indestructible_delegated: guardOf('indestructible_delegated', before, after),
    firewall: any(['firewall_enabled', 'tags']) || nics.membership || nics.addresses,
    restart_needed: running ? restartNames(changed, before, after, nics) : [],
  }
}

interface NicComparison {
  guards: boolean
  addresses: boolean
  membership: boolean
  /** Fields that need a new link changed. */
  links: boolean
}

function compareNics(before: readonly Nic[], after: readonly Nic[]): NicComparison {
  const old = new Map(before.map((nic) => [nic.mac, nic]))
  const kept = after.flatMap((nic) => {
    const was = old.get(nic.mac)
    return was === undefined ? [] : [{ was, nic }]
  })
  const differs = (names: readonly (keyof Nic)[]): boolean => kept.some(({ was, nic }) => names.some((name) => !isSame(was[name], nic[name])))
  const table = properties['nics']?.collection
  const linkNames = table?.kind === 'list' ? Object.keys(table.fields).filter((name) => table.fields[name]?.effect === 'restart') : []
  return {
    guards: differs(guardNames),
    addresses: differs(addressNames),
    membership: kept.length !== before.length || kept.length !== after.length,
    links: differs(linkNames as (keyof Nic)[]),
  }
}

function restartNames(changed: ReadonlySet<string>, before: MachineRecord, after: MachineRecord, nics: NicComparison): string[] {
  const names = [...changed].filter((name) => name !== 'nics' && readProperty(name)?.effect === 'restart')
  if (nics.membership || nics.links) names.push('nics')
  // A mounted tmpfs changes its size live, but does not come or go.
  if (changed.has('tmpfs') && (before.tmpfs === 0 || after.tmpfs === 0)) names.push('tmpfs')
  return names
}

function guardOf(name: 'indestructible_zoneroot' | 'indestructible_delegated', before: MachineRecord, after: MachineRecord): boolean | null {
  const [was, is] = [before[name] === true, after[name] === true]
  return was === is ? null : is
}
