import type { ZoneSpec } from '#host/runtime.ts'
import { planKeeperMounts } from './mounts.ts'
import { crunRoot, type RuntimeOptions, zonePaths } from './paths.ts'
import { programs } from '../run/programs.ts'

export type OwnArgv = [`/${string}`, ...string[]]

export interface Delegated {
  /** cgroup2 directory that the zone is given. */
  directory: string
  /** On a hybrid host the zone's init has to be put there by the keeper; on v2 crun does it. */
  join: boolean
}

/** The keeper of a zone. */
export function keeperArgv(options: RuntimeOptions, spec: ZoneSpec, delegated: Delegated | null): OwnArgv {
  const paths = zonePaths(options.run_dir, spec.uuid)
  return [
    asProgram(options.keeper),
    'serve',
    `dir=${paths.directory}`,
    `uuid=${spec.uuid}`,
    `crun=${programs.crun}`,
    `root=${crunRoot(options.run_dir)}`,
    `uid_base=${spec.uid_base}`,
    `log=${spec.log_path}`,
    `log_max=${spec.log_max_bytes}`,
    `exit=${spec.exit_path}`,
    ...(delegated === null ? [] : [`cgroup2=${delegated.directory}`, `join=${delegated.join ? 1 : 0}`]),
    '--',
    ...planKeeperMounts(spec, paths.rootfs, paths.mounts).flat(),
  ]
}

export interface ExecTarget {
  uuid: string
  keeper_pid: number
  /** cgroup2 directory to join first; null = crun sees to all groups. */
  cgroup2: string | null
}

export interface ExecPlan extends ExecTarget {
  argv: string[]
  tty: boolean
  user?: string
  env: Record<string, string>
  pid_file?: string
}

/**
 * A program in the zone: `crun exec`, entered through the keeper, so that it runs in the zone's time namespace,
 * and crun sees the mounts it saw when it made the zone (a hybrid cgroup host would refuse otherwise).
 */
export function execArgv(options: RuntimeOptions, plan: ExecPlan): OwnArgv {
  const numeric = plan.user !== undefined && /^\d+(:\d+)?$/.test(plan.user)
  const named = plan.user !== undefined && !numeric && plan.user !== 'root'
  return [
    asProgram(options.keeper),
    'enter',
    String(plan.keeper_pid),
    plan.cgroup2 ?? '-',
    programs.crun,
    '--root',
    crunRoot(options.run_dir),
    'exec',
    ...(plan.tty ? ['-t'] : []),
    // With a group always: of a number alone crun 1.21 makes root.
    ...(numeric ? ['-u', plan.user!.includes(':') ? plan.user! : `${plan.user}:${plan.user}`] : []),
    ...(plan.pid_file === undefined ? [] : ['--pid-file', plan.pid_file]),
    ...Object.entries({ ...loginEnvironment, ...plan.env }).map(([name, value]) => `--env=${name}=${value}`),
    plan.uuid,
    ...(named ? suArgv(plan.user!, plan.argv) : plan.argv),
  ]
}

const loginEnvironment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  USER: 'root',
  LOGNAME: 'root',
  TERM: 'xterm',
  LANG: 'C.UTF-8',
}

/** A user by name is looked up by the zone itself, which alone may read its own passwd file. */
function suArgv(user: string, argv: string[]): string[] {
  return argv.length === 0 ? ['su', '-', user] : ['su', '-', user, '-c', argv.map(quote).join(' ')]
}

function quote(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`
}

function asProgram(path: string): `/${string}` {
  return path as `/${string}`
}
