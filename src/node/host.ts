import type { Network } from '#host/network.ts'
import type { ZoneRuntime } from '#host/runtime.ts'
import type { Hurry } from '#host/sys/grace-periods.ts'
import type { Storage } from '#host/storage.ts'

/** The doors to Linux that the daemon works through; real ones, or the fakes of the simulated node. */
export interface Host {
  storage: Storage
  runtime: ZoneRuntime
  network: Network
  /** Around what starts or ends zones. */
  hurry: Hurry
}
