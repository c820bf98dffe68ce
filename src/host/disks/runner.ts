import { access, chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { systemPool } from '#contracts/platform/names.ts'
import type { Context } from '../context.ts'
import { writeFileAtomic } from '../fs/atomic.ts'
import { ensureMarker } from '../pool/marker.ts'
import type { Argv } from '../run/programs.ts'
import { run, type RunResult } from '../run/run.ts'

/** All that is done to disks and pools goes through here; tests hand in one that answers from a table. */
export interface DiskRunner {
  /** Failures are CommandFailed. */
  run(argv: Argv, options: DiskRunOptions, context: Context): Promise<RunResult>
  /** Whether there is such a path. */
  exists(path: string): Promise<boolean>
  /** Closes a directory to all but root. */
  restrict(directory: string): Promise<void>
  /** Writes the marker of a finished system pool; one with a name of its own is told by a second, SmartOS's. */
  mark(mountpoint: string, pool: string, context: Context): Promise<void>
}

export interface DiskRunOptions {
  input?: string
  /** Exit codes that are answers; [0] unless told. */
  okCodes?: readonly number[]
}

export const diskRunner: DiskRunner = {
  // A pool with a disk that does not answer may take minutes to import.
  run: (argv, options, context) => run(argv, { ...options, timeoutMs: 300_000 }, context),
  exists: (path) =>
    access(path).then(
      () => true,
      () => false,
    ),
  restrict: (directory) => chmod(directory, 0o700),
  async mark(mountpoint, pool, context) {
    await ensureMarker(mountpoint, pool, context)
    if (pool !== systemPool) await writeFileAtomic(join(mountpoint, '.system_pool'), '', { mode: 0o444 })
  },
}
