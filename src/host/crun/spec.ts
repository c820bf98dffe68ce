import type { ZoneSpec } from '#host/runtime.ts'
import { planCapabilities } from './capabilities.ts'
import { type MountFacts, renderMounts } from './mounts.ts'
import { renderSeccomp } from './seccomp.ts'

export interface HostFacts extends MountFacts {
  /** Path of the idmapped root. */
  rootfs: string
  cgroup_parent: string
  /** process.arch */
  architecture: string
  /** Hard limits that this host's root may hand on; without CAP_SYS_RESOURCE it cannot raise them. */
  max_nofile: number
  max_memlock: number
}

/** Tells secrets of the host or of other zones, or slows the host by being read. */
const maskedPaths = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/kcore',
  '/proc/keys',
  '/proc/key-users',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/interrupts',
  '/proc/kallsyms',
  '/proc/kmsg',
  '/proc/modules',
  '/proc/sysrq-trigger',
  '/proc/vmallocinfo',
  '/proc/slabinfo',
  '/proc/config.gz',
  '/sys/firmware',
  '/sys/kernel/security',
  '/sys/kernel/debug',
  '/sys/kernel/tracing',
  '/sys/devices/virtual/powercap',
  '/sys/fs/bpf',
  '/sys/fs/pstore',
  '/sys/module',
  '/sys/block',
  '/sys/class/block',
  '/sys/dev/block',
]

/** Has files that configure the host. /proc/sys stays writable: the kernel lets a zone change its own network's and ipc's alone. */
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/tty', '/proc/driver']

/**
 * The container as crun wants it: config.json. Limits are not in it: they are written into the zone's group
 * before (`host/cgroup`), by the same code that changes them later.
 */
export function renderConfig(spec: ZoneSpec, facts: HostFacts): object {
  return {
    ociVersion: '1.0.2',
    root: { path: facts.rootfs, readonly: false },
    hostname: spec.hostname,
    process: renderProcess(spec, facts),
    mounts: renderMounts(spec, facts),
    linux: {
      namespaces: renderNamespaces(),
      cgroupsPath: `/${facts.cgroup_parent}/${spec.uuid}`,
      // crun adds the usual devices (null, zero, full, random, urandom, tty, console, ptmx) by itself.
      devices: [],
      resources: { devices: [{ allow: false, access: 'rwm' }] },
      seccomp: renderSeccomp(facts.architecture),
      maskedPaths,
      readonlyPaths,
      rootfsPropagation: 'rprivate',
    },
  }
}

function renderProcess(spec: ZoneSpec, facts: HostFacts): object {
  const capabilities = planCapabilities(spec.limit_priv)
  return {
    terminal: true,
    user: { uid: 0, gid: 0 },
    args: spec.init,
    env: renderEnvironment(spec),
    cwd: '/',
    // Not ambient, not inheritable: a service that gives up root gives up these.
    capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    rlimits: [
      { type: 'RLIMIT_NOFILE', soft: Math.min(1024, facts.max_nofile), hard: Math.min(524_288, facts.max_nofile) },
      { type: 'RLIMIT_MEMLOCK', ...both(Math.min(spec.limits.max_locked_memory * 1024 * 1024, facts.max_memlock)) },
    ],
    // sudo and su work in a zone.
    noNewPrivileges: false,
  }
}

function both(value: number): { soft: number; hard: number } {
  return { soft: value, hard: value }
}

/**
 * `container` tells systemd and scripts where they are. Without HOME crun would look into the zone's own
 * /etc/passwd for it, and wait for ever where the zone has put a pipe there.
 */
function renderEnvironment(spec: ZoneSpec): string[] {
  const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
  const env = { PATH, HOME: '/root', TERM: 'vt220', container: 'oci', container_uuid: spec.uuid, ...spec.env }
  return Object.entries(env).map(([name, value]) => `${name}=${value}`)
}

/** User and network are the keeper's, which crun's process inherits (see native/keeper); time too, without a word here. */
function renderNamespaces(): object[] {
  return [
    { type: 'pid' },
    { type: 'mount' },
    { type: 'ipc' },
    { type: 'uts' },
    { type: 'cgroup' },
    { type: 'user', path: '/proc/self/fd/10' },
    { type: 'network', path: '/proc/self/ns/net' },
  ]
}
