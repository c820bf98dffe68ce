import { setTimeout as sleep } from 'node:timers/promises'
import { type Context, silentLog } from '#host/context.ts'
import { ensureDirectory, listDirectory, readTextFile, removeFile, writeFileAtomic } from '#host/fs/atomic.ts'
import { writeKernelFile } from '#host/fs/kernel.ts'
import { type Mount, readMountAt } from '#host/pool/mounts.ts'
import type { Argv } from '#host/run/programs.ts'
import { run, type RunOptions, type RunResult } from '#host/run/run.ts'

/** The machine as the work of a boot touches it; tests put one in memory in its place. */
export interface System {
  context: Context
  run(argv: Argv, options?: RunOptions): Promise<RunResult>
  /** null when there is no such file. */
  read(path: string): Promise<string | null>
  list(path: string): Promise<string[]>
  /** Atomic; durable unless told, which files below /run and on the image's tmpfs need not be. Parents must exist. */
  write(path: string, text: string, options?: { mode?: number; durable?: boolean }): Promise<void>
  /** A control file of the kernel. */
  writeKernel(path: string, text: string): Promise<void>
  ensureDirectory(path: string, mode?: number): Promise<void>
  remove(path: string): Promise<void>
  /** The uppermost mount at a path. */
  mountAt(path: string): Promise<Mount | null>
  wait(ms: number): Promise<void>
}

export function createSystem(signal: AbortSignal = new AbortController().signal): System {
  const context: Context = { signal, log: silentLog, now: () => new Date() }
  return {
    context,
    run: (argv, options = {}) => run(argv, options, context),
    read: readTextFile,
    list: listDirectory,
    write: writeFileAtomic,
    writeKernel: writeKernelFile,
    ensureDirectory,
    remove: (path) => removeFile(path, { durable: false }),
    mountAt: readMountAt,
    wait: async (ms) => await sleep(ms),
  }
}
