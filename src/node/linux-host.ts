import { join } from 'node:path'
import { ensureHostLimits } from '#host/crun/host-limits.ts'
import { ensureLxcfs, superviseLxcfs } from '#host/crun/lxcfs.ts'
import { createCrunRuntime } from '#host/crun/runtime.ts'
import type { Context } from '#host/context.ts'
import { ensureDirectory } from '#host/fs/atomic.ts'
import { createLinuxNetwork } from '#host/ip/create-network.ts'
import { openPool } from '#host/pool/open.ts'
import { createGracePeriods } from '#host/sys/grace-periods.ts'
import { installNative } from './guest/native.ts'
import type { Host } from './host.ts'

export interface LinuxHostOptions {
  pool: string
  mountpoint: string
  backingDir: string
  poolSizeBytes: number
  runDir: string
  /** Directory of the built native programs and of what guests are handed. */
  nativeDir: string
  cgroupParent: string
}

const lxcfsCheckMs = 10_000

/** The real host: its pool open, lxcfs up and looked after until the context is cancelled. */
export async function openLinuxHost(options: LinuxHostOptions, context: Context): Promise<{ host: Host; guestDir: string }> {
  const pool = {
    name: options.pool,
    mountpoint: options.mountpoint,
    backing_dir: options.backingDir,
    size_bytes: options.poolSizeBytes,
    native_dir: options.nativeDir,
  }
  const { storage } = await openPool(pool, context)
  // Zones' bind mounts are made with the ids of their user namespace, which must be able to pass through.
  await ensureDirectory(options.runDir, 0o711)
  const guestDir = join(options.runDir, 'native')
  const lxcfs = join(options.runDir, 'lxcfs')
  const keeper = join(options.nativeDir, 'keeper')
  const unraised = await ensureHostLimits()
  if (unraised.length > 0) context.log.warn({ unraised }, 'these limits of the host could not be raised')
  await Promise.all([ensureLxcfs(lxcfs, context), installNative(guestDir, options.nativeDir)])
  const runtime = await createCrunRuntime({ run_dir: options.runDir, keeper, cgroup_parent: options.cgroupParent, lxcfs })
  void superviseLxcfs({ directory: lxcfs, keeper, runtime, intervalMs: lxcfsCheckMs }, context)
  return { host: { storage, runtime, network: createLinuxNetwork({ runDir: options.runDir }), hurry: await createGracePeriods() }, guestDir }
}
