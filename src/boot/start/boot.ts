import type { NicTag } from '#contracts/network/address.ts'
import type { BootStateName } from '#contracts/platform/boot-state.ts'
import type { Context } from '#host/context.ts'
import type { PoolOutcome } from '#host/disks/import-pools.ts'
import type { BootArguments } from '#plan/start/boot-arguments.ts'
import type { Nic } from '#plan/start/links.ts'
import type { ImportOutcome } from '#plan/start/state.ts'
import type { System } from '../system.ts'

/** The part of src/host/disks that a start needs. */
export interface Pools {
  importPools(options: Record<string, never>, context: Context): Promise<PoolOutcome[]>
  mountPool(pool: string, options: { top: string; system: boolean }, context: Context): Promise<string[]>
}

/** What is known of a boot; each step adds to it. */
export interface Boot {
  system: System
  pools: Pools
  readNics: () => Promise<Nic[]>
  arguments: BootArguments
  stamp: string
  imported: ImportOutcome | null
  /** What became of each pool of the machine. */
  outcomes: readonly PoolOutcome[]
  /** Where the system pool is mounted. */
  mountpoint: string
  /** /usbkey/config; empty when there is none. */
  values: ReadonlyMap<string, string>
  configured: boolean
  state: BootStateName
  reason: string | undefined
  hostname: string
  rootHash: string | null
  /** Paths of the host's private ssh keys. */
  hostKeys: readonly string[]
  tags: readonly NicTag[]
  /** Links whose addresses the console shows. */
  shown: readonly string[]
  problems: string[]
}

/** One step of the start. `run` gives what it did in a few words; null when there was nothing to do. */
export interface Step {
  name: string
  run(boot: Boot): Promise<string | null>
}

/** Name of the system pool, when it is there and usable. */
export function poolOf(boot: Boot): string | null {
  return boot.imported?.kind === 'found' ? boot.imported.pool : null
}

/** True when the settings of the pool count. */
export function hasSettings({ state }: Pick<Boot, 'state'>): boolean {
  return state === 'ready' || state === 'standby'
}
