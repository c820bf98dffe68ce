import type { PoolLayout } from '#contracts/platform/layout.ts'

/** What the first-boot dialogue knows of the machine. Handed in anew whenever something was plugged in. */
export interface SetupFacts {
  links: readonly SetupLink[]
  disks: readonly SetupDisk[]
  /** Existing pools, none of which is the system pool yet. */
  pools: readonly SetupPool[]
  /** Ways to lay out the named disks, the best first; [] when they cannot make a pool. Pure. */
  layouts: (disks: readonly string[]) => readonly SetupLayout[]
  /** Of the running image. */
  stamp: string
  /** It came over the network, and will again unless told otherwise. */
  netboot: boolean
  /** A layout written out by hand as the dialogue shows it, or why it cannot be. Pure. */
  readLayout: (layout: PoolLayout) => SetupLayout | string
}

export interface SetupLink {
  name: string
  mac: string
  /** Something is plugged in and answers. */
  carrier: boolean
  /** '' when there is none to name. */
  driver: string
  /** Mbit/s, 0 when unknown. */
  speedMbps: number
}

export interface SetupDisk {
  /** Of the kernel, as `vda`. */
  name: string
  sizeBytes: number
  /** `hdd`, `ssd`, `nvme` … as shown. */
  kind: string
  model: string
  serial: string
  /** Other names it can be called by: `/dev/vda`, `/dev/disk/by-id/…`. */
  aliases: readonly string[]
  /** What is on it, in words a person knows: `pool tank`, `ext4`; [] when it is empty. */
  holds: readonly string[]
  /** A stick or card: never proposed. */
  removable: boolean
  /** Why it cannot be used, e.g. `this is what the machine booted from`; null when it can. */
  unusable: string | null
}

export interface SetupPool {
  name: string
  /** ONLINE, DEGRADED …; anything else cannot be used. */
  state: string
  sizeBytes: number
  disks: readonly string[]
}

export interface SetupLayout {
  /** `mirror`, `raidz1` …; of an answers file `custom`. */
  name: string
  capacityBytes: number
  /** `any one disk of each pair`; `no disk` when nothing may fail. */
  survives: string
  /** `2 x mirror of 2, 1 spare`. */
  shape: string
  disks: readonly string[]
  /** What the maker of the pool is given. */
  value: PoolLayout
}
