import type { Disk } from '#contracts/platform/disk.ts'
import { bootLabel, systemPool } from '#contracts/platform/names.ts'
import type { SetupDisk, SetupPool } from './facts.ts'

/** A pool as it was found at this boot. */
export interface FoundPool {
  name: string
  state: string
  sizeBytes: number
  /** Its making was broken off. */
  unfinished: boolean
  /** Encrypted, and no passphrase was given. */
  locked: boolean
}

/** Disks as the dialogue shows them. A system pool whose making was broken off counts as nothing: the next one takes its place. */
export function planSetupDisks(inventory: readonly Disk[], pools: readonly FoundPool[]): SetupDisk[] {
  const isRest = (name: string): boolean => name === systemPool && pools.some((pool) => pool.name === name && pool.unfinished)
  return inventory.map((disk) => ({
    name: disk.name,
    sizeBytes: disk.size_bytes,
    kind: renderKind(disk),
    model: disk.model ?? disk.vendor ?? '',
    serial: disk.serial ?? '',
    aliases: [disk.path, disk.id_path, disk.id_path?.replace('/dev/disk/by-id/', '')].filter((name) => name !== null && name !== undefined),
    removable: disk.removable,
    holds: [
      ...disk.pools.filter((pool) => !isRest(pool)).map((pool) => `pool ${pool}`),
      ...(disk.pools.length > 0
        ? []
        : disk.file_systems.filter(({ label }) => label !== bootLabel).map(({ type, label }) => (label === null ? type : `${type} "${label}"`))),
    ],
    unusable: refusalOf(disk),
  }))
}

/** Pools that can be offered, or are told why not. */
export function planSetupPools(inventory: readonly Disk[], pools: readonly FoundPool[]): SetupPool[] {
  const names = new Set([...pools.map(({ name }) => name), ...inventory.flatMap((disk) => disk.pools)])
  return [...names].sort().flatMap((name): SetupPool[] => {
    const pool = pools.find((one) => one.name === name)
    if (pool?.unfinished === true && name === systemPool) return []
    const disks = inventory.filter((disk) => disk.pools.includes(name)).map((disk) => disk.name)
    return [{ name, state: stateOf(pool), sizeBytes: pool?.sizeBytes ?? 0, disks }]
  })
}

/** Disks for layouts: those of pools are free once the pool is destroyed, which the dialogue asks for by name. */
export function freeDisks(inventory: readonly Disk[]): Disk[] {
  return inventory.map((disk) => (disk.pools.length > 0 ? { ...disk, in_use: false } : disk))
}

function stateOf(pool: FoundPool | undefined): string {
  if (pool === undefined) return 'INCOMPLETE'
  if (pool.unfinished) return 'UNFINISHED'
  return pool.locked ? 'LOCKED' : pool.state
}

function renderKind(disk: Disk): string {
  const kind = disk.transport === 'virtio' ? 'virtual' : disk.rotational ? 'hard disk' : disk.transport === 'nvme' ? 'NVMe' : 'SSD'
  return disk.removable ? `${disk.transport === 'usb' ? 'USB ' : ''}removable` : kind
}

function refusalOf(disk: Disk): string | null {
  if (disk.boot_medium) return 'boot medium'
  if (disk.read_only) return 'read-only'
  return disk.in_use && disk.pools.length === 0 ? 'in use' : null
}
