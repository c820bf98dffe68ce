import type { Machine, MachineRecord, MachineState, Snapshot } from '#contracts/machine/record.ts'

/** What was read back of a machine. */
export interface Seen {
  /** Its zone; null when there is none. */
  status: { state: 'running' | 'prepared' | 'exited'; pid: number | null; zoneid: number; started_at: string | null } | null
  /** Where it is going: `starting`, `stopping`, `provisioning`, `receiving`, or the state at the end. The caller drops expired ones. */
  transition: { target: string; expire: string } | null
  quota_bytes: number | null
  /** All snapshots of the root; others than vmsnap-… are left out. */
  snapshots: { name: string; created_at: string; used_bytes: number }[]
  /** Delegated datasets by full name. */
  datasets: string[]
  /** Directory of the machine's dataset. */
  mountpoint: string
  last_exit: { exit_status: number; exit_timestamp: string } | null
  missing?: { datasets: string[]; disks: string[]; filesystems: string[] }
  platform_buildstamp?: string
}

const gib = 2 ** 30
const mib = 2 ** 20
const snapshotPrefix = 'vmsnap-'

/** The machine as `vmadm get` shows it (reference 1.5, 1.7), keys in a fixed order. */
export function renderMachine(record: MachineRecord, seen: Seen): Machine {
  const {
    internal,
    delegate_dataset: _delegated,
    nowait: _nowait,
    v,
    uuid,
    zonename,
    brand,
    alias,
    hostname,
    dns_domain,
    image_uuid,
    create_timestamp,
    last_modified,
    ...rest
  } = record
  return {
    v,
    uuid,
    zonename,
    ...present({ alias }),
    hostname,
    dns_domain,
    brand,
    type: typeOf(record),
    hvm: isHvm(record),
    state: stateOf(record, seen),
    zone_state: zoneStateOf(record, seen),
    ...runningOf(seen),
    image_uuid,
    ...rest,
    ...present({ quota: quotaOf(seen) }),
    zonepath: seen.mountpoint,
    zfs_filesystem: `${record.zpool}/${uuid}`,
    ...(seen.datasets.length > 0 ? { datasets: seen.datasets } : {}),
    snapshots: snapshotsOf(seen),
    ...marksOf(internal),
    ...present({
      missing: seen.missing,
      exit_status: seen.last_exit?.exit_status,
      exit_timestamp: seen.last_exit?.exit_timestamp,
      platform_buildstamp: seen.platform_buildstamp,
    }),
    create_timestamp,
    last_modified,
  }
}

function runningOf(seen: Seen): Pick<Machine, 'zoneid' | 'pid' | 'transition_to' | 'transition_expire' | 'boot_timestamp'> {
  const transition = planTransition(seen.transition)
  const { status } = seen
  return present({
    zoneid: status?.zoneid,
    pid: status?.pid ?? undefined,
    boot_timestamp: status?.state === 'running' ? (status.started_at ?? undefined) : undefined,
    transition_to: transition?.transition_to,
    transition_expire: transition?.transition_expire,
  })
}

function marksOf(internal: MachineRecord['internal']): Pick<Machine, 'failed' | 'provisioning'> {
  return { ...(internal.failed === undefined ? {} : { failed: true }), ...(internal.provisioning === true ? { provisioning: true } : {}) }
}

function isHvm(record: MachineRecord): boolean {
  return record.brand === 'kvm' || record.brand === 'bhyve'
}

function typeOf(record: MachineRecord): Machine['type'] {
  if (record.brand === 'lx') return 'LX'
  if (record.brand === 'kvm') return 'KVM'
  return record.brand === 'bhyve' ? 'BHYVE' : 'OS'
}

function zoneStateOf(record: MachineRecord, seen: Seen): 'configured' | 'installed' | 'ready' | 'running' | 'down' {
  switch (seen.status?.state) {
    case 'prepared':
      return 'ready'
    case 'running':
      return 'running'
    case 'exited':
      return 'down'
    default:
      return record.internal.receiving === true ? 'configured' : 'installed'
  }
}

/** First that applies: failed, receiving, a transition, the provisioning marker, the zone's state. */
function stateOf(record: MachineRecord, seen: Seen): MachineState {
  if (record.internal.failed !== undefined) return 'failed'
  if (record.internal.receiving === true) return 'receiving'
  const transition = planTransition(seen.transition)
  if (transition !== null) return transition.state
  if (record.internal.provisioning === true) return 'provisioning'
  const zoneState = zoneStateOf(record, seen)
  return zoneState === 'installed' ? 'stopped' : zoneState
}

const endOf = { starting: 'running', provisioning: 'running', stopping: 'stopped', receiving: 'stopped' } as const

/** Shown state and end of a transition, whichever of both it was named by; unknown ones are not shown. */
function readTransition(target: string): { state: keyof typeof endOf; transition_to: string } | null {
  if (Object.hasOwn(endOf, target)) {
    const state = target as keyof typeof endOf
    return { state, transition_to: endOf[state] }
  }
  if (target === 'running') return { state: 'starting', transition_to: target }
  return target === 'stopped' ? { state: 'stopping', transition_to: target } : null
}

function planTransition(transition: Seen['transition']): { state: MachineState; transition_to: string; transition_expire: string } | null {
  const read = transition === null ? null : readTransition(transition.target)
  return transition === null || read === null ? null : { ...read, transition_expire: transition.expire }
}

function quotaOf(seen: Seen): number | undefined {
  return seen.quota_bytes === null || seen.quota_bytes === 0 ? undefined : Math.round((seen.quota_bytes / gib) * 100) / 100
}

/** Newest first; those made by vmadm only. */
function snapshotsOf(seen: Seen): Snapshot[] {
  return seen.snapshots
    .filter((snapshot) => snapshot.name.startsWith(snapshotPrefix))
    .map(({ name, created_at, used_bytes }) => ({ name: name.slice(snapshotPrefix.length), created_at, size: Math.floor(used_bytes / mib) }))
    .toSorted((a, b) => Date.parse(b.created_at) - Date.parse(a.created_at))
}

type Present<T> = { [Name in keyof T]?: Exclude<T[Name], undefined> }

/** Without the keys whose value is undefined. */
function present<T extends object>(values: T): Present<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Present<T>
}
