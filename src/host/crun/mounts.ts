import { join } from 'node:path'
import type { ZoneMount, ZoneSpec } from '#host/runtime.ts'

export interface OciMount {
  destination: string
  type: string
  source: string
  options: string[]
}

export interface MountFacts {
  /** Directory with the mounts that the keeper made, `0`, `1`, … */
  mounted: string
  lxcfs: string | null
  /** The zone gets the cgroup2 tree that was delegated to it. */
  cgroup2: boolean
}

/** All mounts of a zone, in the order in which crun makes them. */
export function renderMounts(spec: ZoneSpec, facts: MountFacts): OciMount[] {
  return [
    ...kernelMounts(spec),
    ...(facts.cgroup2 ? [mount('/sys/fs/cgroup', 'cgroup2', 'cgroup2', ['rw', 'nosuid', 'noexec', 'nodev', 'relatime'])] : []),
    ...lxcfsMounts(facts.lxcfs),
    ...temporary(spec),
    ...extra(spec.mounts, facts.mounted),
  ]
}

const lockable = ['nosuid', 'noexec']

/**
 * Source, target and attributes of what the keeper mounts: the root and the extra mounts. They are all made
 * out there, with what they must keep: `ro` set by crun, within the zone's own namespaces, is taken off
 * again by the zone's root with one remount; set before the zone gets its copy, the kernel locks it.
 */
export function planKeeperMounts(spec: ZoneSpec, rootfs: string, mounted: string): [string, string, string][] {
  const extras = spec.mounts.map((one, index): [string, string, string] => {
    const words = [one.idmap ? 'map' : '', 'nodev', one.read_only ? 'ro' : '', ...(one.options ?? []).filter((word) => lockable.includes(word))]
    return [one.source, join(mounted, String(index)), words.filter((word) => word !== '').join(',')]
  })
  return [[spec.root, rootfs, 'map,nodev'], ...extras]
}

function kernelMounts(spec: ZoneSpec): OciMount[] {
  return [
    mount('/proc', 'proc', 'proc', ['nosuid', 'noexec', 'nodev']),
    mount('/dev', 'tmpfs', 'tmpfs', ['nosuid', 'strictatime', 'mode=755', 'size=512k']),
    mount('/dev/pts', 'devpts', 'devpts', ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5']),
    mount('/dev/shm', 'tmpfs', 'shm', ['nosuid', 'noexec', 'nodev', 'mode=1777', `size=${halfMemory(spec)}m`]),
    mount('/dev/mqueue', 'mqueue', 'mqueue', ['nosuid', 'noexec', 'nodev']),
    // Writable for systemd's network tools: what is the host's is owned by nobody in there.
    mount('/sys', 'sysfs', 'sysfs', ['nosuid', 'noexec', 'nodev', ...(spec.systemd ? [] : ['ro'])]),
  ]
}

function temporary(spec: ZoneSpec): OciMount[] {
  const run = spec.systemd
    ? [
        mount('/run', 'tmpfs', 'tmpfs', ['nosuid', 'nodev', 'mode=755', `size=${halfMemory(spec)}m`]),
        mount('/run/lock', 'tmpfs', 'tmpfs', ['nosuid', 'nodev', 'noexec', 'mode=1777', 'size=5m']),
      ]
    : []
  const tmp = spec.tmpfs_mib > 0 ? [mount('/tmp', 'tmpfs', 'tmpfs', ['nosuid', 'nodev', 'mode=1777', `size=${spec.tmpfs_mib}m`])] : []
  return [...run, ...tmp]
}

const lxcfsFiles = ['cpuinfo', 'diskstats', 'loadavg', 'meminfo', 'stat', 'swaps', 'uptime']

/** Pairs source, target of what lxcfs shows in place of the host's figures. */
export function planLxcfsMounts(lxcfs: string): [string, string][] {
  return [
    ...lxcfsFiles.map((name): [string, string] => [join(lxcfs, 'proc', name), `/proc/${name}`]),
    [join(lxcfs, 'sys/devices/system/cpu'), '/sys/devices/system/cpu'],
  ]
}

function lxcfsMounts(lxcfs: string | null): OciMount[] {
  return lxcfs === null ? [] : planLxcfsMounts(lxcfs).map(([source, target]) => mount(target, 'bind', source, ['bind', 'nosuid', 'nodev', 'noexec']))
}

function extra(mounts: ZoneMount[], mounted: string): OciMount[] {
  return mounts.map((one, index) =>
    mount(one.target, 'bind', join(mounted, String(index)), ['bind', one.read_only ? 'ro' : 'rw', 'nodev', ...(one.options ?? [])]),
  )
}

function halfMemory(spec: ZoneSpec): number {
  return Math.max(1, Math.floor(spec.limits.max_physical_memory / 2))
}

function mount(destination: string, type: string, source: string, options: string[]): OciMount {
  return { destination, type, source, options }
}
