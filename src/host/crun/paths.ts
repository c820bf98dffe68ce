import { join } from 'node:path'

/** What the runtime is told about its host. */
export interface RuntimeOptions {
  /** `/run/spirula`: a short path (sockets lie below it), on a tmpfs. */
  run_dir: string
  /** Absolute path of the keeper program, `build/native/keeper`. */
  keeper: string
  /** Group below which the zones have theirs, `spirula`; one runtime (run_dir) each. */
  cgroup_parent: string
  /** Where lxcfs is mounted; null: zones see the host's figures. */
  lxcfs: string | null
}

/** Files of one zone below the run directory. */
export interface ZonePaths {
  directory: string
  config: string
  note: string
  exited: string
  control: string
  console: string
  /** Targets of the keeper's mounts; empty directories to everyone else. */
  rootfs: string
  mounts: string
}

export function zonePaths(runDir: string, uuid: string): ZonePaths {
  const directory = join(runDir, 'zones', uuid)
  return {
    directory,
    config: join(directory, 'config.json'),
    note: join(directory, 'zone.json'),
    exited: join(directory, 'exited'),
    control: join(directory, 'control.sock'),
    console: join(directory, 'console.sock'),
    rootfs: join(directory, 'rootfs'),
    mounts: join(directory, 'mounts'),
  }
}

/** crun's own state of all zones. */
export function crunRoot(runDir: string): string {
  return join(runDir, 'crun')
}
