import type { ZoneLimits } from '#host/runtime.ts'

/** One write into the zone's group. `optional`: not every kernel has the file (no swap accounting, no io scheduler with weights). */
export interface LimitWrite {
  controller: string
  file: string
  value: string
  optional?: true
}

/** Microseconds over which a CPU cap is counted. */
const periodUsec = 100_000

/** The writes that put limits into force, in an order that also works on a running zone. */
export function renderLimits(version: 1 | 2, limits: ZoneLimits): LimitWrite[] {
  return version === 1 ? renderLimitsV1(limits) : renderLimitsV2(limits)
}

function renderLimitsV1(limits: ZoneLimits): LimitWrite[] {
  return [
    // The kernel refuses memory > memory + swap at any moment: lift the sum first, so that up and down both pass.
    { controller: 'memory', file: 'memory.memsw.limit_in_bytes', value: '-1', optional: true },
    { controller: 'memory', file: 'memory.limit_in_bytes', value: bytes(limits.max_physical_memory) },
    { controller: 'memory', file: 'memory.memsw.limit_in_bytes', value: bytes(limits.max_swap), optional: true },
    { controller: 'cpu', file: 'cpu.cfs_period_us', value: String(periodUsec) },
    { controller: 'cpu', file: 'cpu.cfs_quota_us', value: String(quotaUsec(limits.cpu_cap) ?? -1) },
    // SmartOS's default is 100 shares, v1's 1024.
    { controller: 'cpu', file: 'cpu.shares', value: String(clamp(Math.round(limits.cpu_shares * 10.24), 2, 262_144)) },
    { controller: 'pids', file: 'pids.max', value: String(limits.max_lwps) },
    { controller: 'blkio', file: 'blkio.weight', value: String(clamp(limits.zfs_io_priority, 10, 1000)), optional: true },
    { controller: 'blkio', file: 'blkio.bfq.weight', value: String(clamp(limits.zfs_io_priority, 1, 1000)), optional: true },
  ]
}

function renderLimitsV2(limits: ZoneLimits): LimitWrite[] {
  // v2 counts swap alone, SmartOS memory and swap together.
  const swap = Math.max(0, limits.max_swap - limits.max_physical_memory)
  return [
    { controller: 'memory', file: 'memory.max', value: bytes(limits.max_physical_memory) },
    { controller: 'memory', file: 'memory.swap.max', value: bytes(swap), optional: true },
    { controller: 'cpu', file: 'cpu.max', value: `${quotaUsec(limits.cpu_cap) ?? 'max'} ${periodUsec}` },
    // Both defaults are 100.
    { controller: 'cpu', file: 'cpu.weight', value: String(clamp(limits.cpu_shares, 1, 10_000)) },
    { controller: 'pids', file: 'pids.max', value: String(limits.max_lwps) },
    { controller: 'io', file: 'io.weight', value: `default ${clamp(limits.zfs_io_priority, 1, 10_000)}`, optional: true },
    { controller: 'io', file: 'io.bfq.weight', value: `default ${clamp(limits.zfs_io_priority, 1, 1000)}`, optional: true },
  ]
}

/** cpu_cap is per cent of one CPU; the kernel takes no quota below a millisecond. null and 0 = no cap. */
function quotaUsec(cap: number | null): number | null {
  return cap === null || cap <= 0 ? null : Math.max(1000, Math.round((cap * periodUsec) / 100))
}

function bytes(mib: number): string {
  return String(mib * 1024 * 1024)
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value))
}
