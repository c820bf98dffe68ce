import type { Readable } from 'node:stream'
import type { Context } from '../context.ts'
import { runSink, runSource } from '../run/pipe.ts'
import type { Argv } from '../run/programs.ts'
import { run, type RunResult } from '../run/run.ts'

/** How the driver runs zfs and zpool; `fake-zfs.ts` is the other one. Failures are CommandFailed with a CommandFailure as cause. */
export interface ZfsRunner {
  run(argv: Argv, okCodes: readonly number[], context: Context): Promise<RunResult>
  source(argv: Argv, context: Context): Readable
  sink(argv: Argv, input: Readable, context: Context): Promise<void>
}

export const systemRunner: ZfsRunner = {
  // Destroying many snapshots may take minutes; receiving has no limit at all.
  run: (argv, okCodes, context) => run(argv, { okCodes, timeoutMs: 300_000, maxBytes: 256 << 20 }, context),
  source: runSource,
  sink: runSink,
}
