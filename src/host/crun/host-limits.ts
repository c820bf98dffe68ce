import { readTextFile } from '#host/fs/atomic.ts'
import { writeKernelFile } from '#host/fs/kernel.ts'

/**
 * Budgets that all zones of a host share, at the values a host of some hundred zones needs. The kernel
 * charges them up to the user that made the zone's user namespace: root, for all zones together.
 */
const wanted: Record<string, number> = {
  // One systemd zone takes 8; at the default of 128 the sixteenth comes up degraded.
  'fs/inotify/max_user_instances': 65_536,
  'fs/inotify/max_user_watches': 4_194_304,
  'fs/inotify/max_queued_events': 1_048_576,
  'kernel/keys/maxkeys': 20_000,
  'kernel/keys/maxbytes': 2_000_000,
  'kernel/keys/root_maxkeys': 1_000_000,
  'kernel/pid_max': 4_194_304,
  'kernel/pty/max': 65_536,
  'vm/max_map_count': 262_144,
  'fs/aio-max-nr': 1_048_576,
  // One table of neighbours for all network namespaces.
  'net/ipv4/neigh/default/gc_thresh2': 8192,
  'net/ipv4/neigh/default/gc_thresh3': 16_384,
  'net/ipv6/neigh/default/gc_thresh2': 8192,
  'net/ipv6/neigh/default/gc_thresh3': 16_384,
}

/**
 * Raises the shared budgets; never lowers one that is higher. Resolves to the names that could not be
 * raised (a kernel without them, a root without the right), for the log.
 */
export async function ensureHostLimits(): Promise<string[]> {
  const failed = await Promise.all(Object.entries(wanted).map(async ([name, value]) => ((await ensureAtLeast(`/proc/sys/${name}`, value)) ? null : name)))
  return failed.filter((name) => name !== null)
}

async function ensureAtLeast(path: string, value: number): Promise<boolean> {
  try {
    const current = await readTextFile(path)
    if (current === null) return false
    if (Number(current) < value) await writeKernelFile(path, String(value))
    return true
  } catch {
    // EPERM, EINVAL: the host goes on with what it has.
    return false
  }
}
