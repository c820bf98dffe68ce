/** Where the kernel's persistent store is mounted, and where its logs are kept. */
export interface CrashPlaces {
  pstore: string
  /** Directory of the pool that must be there. */
  cores: string
  /** Made when it is missing. */
  directory: string
  /** Keep them also on a file system in memory: for tests. */
  in_memory?: true
}

export const crashPlaces: CrashPlaces = { pstore: '/sys/fs/pstore', cores: '/zones/cores', directory: '/zones/cores/global' }

/** Kept at most; older ones go. */
export const crashLimits = { files: 50, bytes: 16 << 20 }

/** A record of the store is never longer: what is after that is not read. */
export const recordMaxBytes = 1 << 20
