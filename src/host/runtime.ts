import type { Context } from './context.ts'

/**
 * The zone runtime: namespaces, cgroup, crun and the keeper that outlives the daemon. The real one is
 * `host/crun`, the fake lies beside it, both pass `runtime.suite.ts`.
 *
 * Life of a zone: `prepare` starts its keeper, which makes the user and network namespaces and the
 * idmapped root; the caller then plumbs the network into `netns`; `launch` runs init. `remove` ends
 * whatever there is, at any stage, and leaves nothing: no process, cgroup, netns, mount, run directory.
 */
export interface ZoneRuntime {
  prepare(spec: ZoneSpec, context: Context): Promise<PreparedZone>
  /** Runs the zone's init; resolves when it has been exec'ed. */
  launch(uuid: string, context: Context): Promise<ZoneStatus>
  /** Kills everything in the zone at once and removes every trace. Safe to repeat; fine when there is none. */
  remove(uuid: string, context: Context): Promise<void>

  /** null when no keeper runs and nothing is left of the zone. */
  read(uuid: string): Promise<ZoneStatus | null>
  /** Every zone with a keeper or left-overs, for adoption after a daemon restart. */
  list(): Promise<ZoneStatus[]>
  /** Sends a signal to the zone's init. `SIGTERM`, `SIGRTMIN+3`, or a number. RuntimeFailed when it does not run. */
  signal(uuid: string, signal: string | number, context: Context): Promise<void>
  /** Runs a program in the zone to its end; output is bounded to 1 MiB a stream. */
  exec(uuid: string, argv: string[], options: ExecOptions, context: Context): Promise<ExecResult>
  /** argv that enters the zone when run by root on this host; what `zlogin` execs. */
  execCommand(uuid: string, argv: string[], options: { tty: boolean; user?: string; env?: Record<string, string> }): string[]
  /** Applies to the running zone at once. */
  setLimits(uuid: string, limits: ZoneLimits, context: Context): Promise<void>
  /** Bytes and counts the zone takes now. */
  readUsage(uuid: string): Promise<ZoneUsage | null>
  /** Calls back once when a launched zone's init has ended, for zones adopted too. Returns the unsubscriber. */
  onExit(listener: (exit: ZoneExit) => void): () => void
  /** Unix stream socket of the zone's console: bytes both ways, the last 64 KiB are replayed on connect. */
  consoleSocket(uuid: string): string
}

export interface ZoneSpec {
  uuid: string
  /** Small positive number, unique among zones on this host until it is rebooted. */
  zoneid: number
  hostname: string
  /** The zone's root tree on the pool, owned by uid 0; the runtime maps ids. */
  root: string
  uid_base: number
  /** argv of init. */
  init: string[]
  env: Record<string, string>
  /** systemd as init: delegated cgroup tree, tmpfs on /run, the signal SIGRTMIN+3 to halt. */
  systemd: boolean
  limits: ZoneLimits
  /** MiB of /tmp as tmpfs; 0 = no tmpfs there. */
  tmpfs_mib: number
  mounts: ZoneMount[]
  /** SmartOS privileges (`limit_priv`) mapped to capabilities by the runtime; ['default'] is the minimal set. */
  limit_priv: string[]
  /** Console log, appended, rotated by the keeper. */
  log_path: string
  /** Bytes; the keeper rotates at this size. */
  log_max_bytes: number
  /** Where the keeper notes how init ended: `{exit_status, exit_timestamp}` as JSON. */
  exit_path: string
}

export interface ZoneMount {
  source: string
  target: string
  read_only: boolean
  /** Map ids of the source so that uid 0 inside owns what uid 0 owns on the pool. */
  idmap: boolean
  options?: string[]
}

/** As in `vmadm get`; live-changeable. */
export interface ZoneLimits {
  max_physical_memory: number // MiB
  max_swap: number // MiB, memory and swap together
  max_locked_memory: number // MiB
  cpu_cap: number | null // percent of one CPU
  cpu_shares: number
  max_lwps: number
  zfs_io_priority: number
}

export interface PreparedZone {
  uuid: string
  /** Path of the zone's network namespace, for `ip -n`/setns. */
  netns: string
  keeper_pid: number
}

export interface ZoneStatus {
  uuid: string
  zoneid: number
  stage: 'prepared' | 'running' | 'exited' | 'orphaned'
  pid: number | null
  netns: string
  /** ISO 8601, when init was exec'ed. */
  started_at: string | null
}

export interface ZoneExit {
  uuid: string
  /** SmartOS: code of a normal exit; negative signal number otherwise. */
  exit_status: number
  exit_timestamp: string
}

export interface ZoneUsage {
  memory_bytes: number
  swap_bytes: number
  cpu_usec: number
  lwps: number
}

export interface ExecOptions {
  stdin?: string
  env?: Record<string, string>
  timeout_ms: number
}

export interface ExecResult {
  exit_code: number
  stdout: string
  stderr: string
}
