import { AppError, isAppError } from '#contracts/errors.ts'
import type { Context } from '#host/context.ts'
import { ensureDirectory, listDirectory, readTextFile, removeTree } from '#host/fs/atomic.ts'
import type { PreparedZone, ZoneRuntime, ZoneSpec, ZoneStatus } from '#host/runtime.ts'
import { createGroup, destroyGroup, ensureZonesGroup, listGroups, writeLimits } from '../cgroup/group.ts'
import { type CgroupLayout, delegatedDirectory, readLayout } from '../cgroup/layout.ts'
import { readGroupUsage } from '../cgroup/usage.ts'
import { startDetached } from '../run/detach.ts'
import { type Delegated, execArgv, type ExecTarget, keeperArgv } from './argv.ts'
import { runInZone } from './exec.ts'
import { connectKeeper, killProcess } from './keeper-link.ts'
import { createKeepers, type Keepers, type Kept } from './keepers.ts'
import { parseExit, parseHardLimit, parseSignal } from './parse.ts'
import { crunRoot, type RuntimeOptions, zonePaths } from './paths.ts'
import { renderConfig } from './spec.ts'
import { createZoneDirectory, readZoneNote, removeZoneDirectory } from './zone-directory.ts'

interface Host {
  options: RuntimeOptions
  layout: CgroupLayout
  keepers: Keepers
  maxNofile: number
  maxMemlock: number
}

/**
 * The zone runtime of this host. Makes the run directory and the parent of all zones' groups. Zones that
 * run already are adopted by `list()`, or by the first call that names them; `execCommand`, which cannot
 * wait, needs them adopted.
 */
export async function createCrunRuntime(options: RuntimeOptions): Promise<ZoneRuntime> {
  const host = await openHost(options)
  const { layout, keepers } = host
  return {
    prepare: async (spec, context) => await prepare(host, spec, context),
    launch: async (uuid) => await launch(host, uuid),
    remove: async (uuid) => await remove(host, uuid),
    read: async (uuid) => await readStatus(host, uuid),
    list: async () => await listStatus(host),
    signal: async (uuid, signal) => await (await findRunning(host, uuid)).link.ask(`signal ${parseSignal(signal)}`),
    exec: async (uuid, argv, request, context) => {
      const target = execTarget(host, await findRunning(host, uuid))
      return await runInZone(options, { ...target, argv, tty: false, env: request.env ?? {} }, request, context)
    },
    execCommand: (uuid, argv, { tty, user, env }) => {
      const kept = keepers.peek(uuid)
      if (kept === null) throw notRunning(uuid)
      return execArgv(options, { ...execTarget(host, kept), argv, tty, env: env ?? {}, ...(user === undefined ? {} : { user }) })
    },
    setLimits: async (uuid, limits) => await writeLimits(layout, uuid, limits),
    readUsage: async (uuid) => await readGroupUsage(layout, uuid),
    onExit: keepers.onExit,
    consoleSocket: (uuid) => zonePaths(options.run_dir, uuid).console,
  }
}

async function openHost(options: RuntimeOptions): Promise<Host> {
  const layout = await readLayout(options.cgroup_parent)
  // The zones' roots, who are nobody out here, pass through the first two; never make them by way of the third.
  await ensureDirectory(`${options.run_dir}/zones`, 0o711)
  await Promise.all([ensureDirectory(crunRoot(options.run_dir), 0o700), ensureZonesGroup(layout)])
  const limits = (await readTextFile('/proc/self/limits')) ?? ''
  const keepers = createKeepers(async (uuid) => {
    const paths = zonePaths(options.run_dir, uuid)
    const note = await readZoneNote(paths)
    const channel = note === null ? null : await connectKeeper(paths.control)
    return note === null || channel === null ? null : { note, channel }
  })
  return { options, layout, keepers, maxNofile: parseHardLimit(limits, 'Max open files'), maxMemlock: parseHardLimit(limits, 'Max locked memory') }
}

async function prepare(host: Host, spec: ZoneSpec, context: Context): Promise<PreparedZone> {
  const { uuid } = spec
  if ((await readStatus(host, uuid)) !== null)
    throw new AppError('RuntimeFailed', `Zone ${uuid} is there already; it must be removed before it can be prepared.`)
  const delegated = planDelegation(host.layout, spec)
  const note = { uuid, zoneid: spec.zoneid, cgroup2: delegated?.join ? delegated.directory : null }
  let keeperPid = 0
  try {
    await Promise.all([
      createZoneDirectory(zonePaths(host.options.run_dir, uuid), note, configOf(host, spec, delegated)),
      createGroup(host.layout, uuid, spec.limits),
    ])
    const { pid, channel } = await startDetached(keeperArgv(host.options, spec, delegated), context)
    keeperPid = pid
    const { link } = await host.keepers.add(note, channel)
    return { uuid, netns: netnsOf(link.state.pid), keeper_pid: link.state.pid }
  } catch (error) {
    // One that hangs (a dead mount) would not hear `end`.
    if (isAppError(error, 'Timeout')) killProcess(keeperPid)
    await remove(host, uuid)
    throw error
  }
}

function planDelegation(layout: CgroupLayout, spec: ZoneSpec): Delegated | null {
  const directory = spec.systemd ? delegatedDirectory(layout, spec.uuid) : null
  return directory === null ? null : { directory, join: layout.version === 1 }
}

function configOf(host: Host, spec: ZoneSpec, delegated: Delegated | null): object {
  const paths = zonePaths(host.options.run_dir, spec.uuid)
  return renderConfig(spec, {
    cgroup_parent: host.options.cgroup_parent,
    rootfs: paths.rootfs,
    mounted: paths.mounts,
    lxcfs: host.options.lxcfs,
    cgroup2: delegated !== null,
    architecture: process.arch,
    max_nofile: host.maxNofile,
    max_memlock: host.maxMemlock,
  })
}

async function launch(host: Host, uuid: string): Promise<ZoneStatus> {
  const kept = await host.keepers.find(uuid)
  if (kept === null) throw new AppError('RuntimeFailed', `Zone ${uuid} has no keeper; it must be prepared before it can be launched.`)
  await kept.link.ask('launch')
  return statusOf(kept)
}

async function remove(host: Host, uuid: string): Promise<void> {
  const kept = await host.keepers.find(uuid)
  await kept?.link.end()
  await destroyGroup(host.layout, uuid)
  await Promise.all([removeTree(`${crunRoot(host.options.run_dir)}/${uuid}`), removeZoneDirectory(zonePaths(host.options.run_dir, uuid))])
}

async function readStatus(host: Host, uuid: string): Promise<ZoneStatus | null> {
  const kept = await host.keepers.find(uuid)
  if (kept !== null) return statusOf(kept)
  const paths = zonePaths(host.options.run_dir, uuid)
  const names = await listDirectory(paths.directory)
  if (names.length === 0 && !(await listGroups(host.layout)).includes(uuid)) return null
  const exit = parseExit(uuid, await readTextFile(paths.exited))
  const note = await readZoneNote(paths)
  return { uuid, zoneid: note?.zoneid ?? 0, stage: exit === null ? 'orphaned' : 'exited', pid: null, netns: '', started_at: null }
}

async function listStatus(host: Host): Promise<ZoneStatus[]> {
  const names = [await listDirectory(`${host.options.run_dir}/zones`), await listGroups(host.layout)]
  const uuids = [...new Set(names.flat())].sort()
  const found = await Promise.all(uuids.map(async (uuid) => await readStatus(host, uuid)))
  return found.filter((status) => status !== null)
}

async function findRunning(host: Host, uuid: string): Promise<Kept> {
  const kept = await host.keepers.find(uuid)
  if (kept?.link.state.stage !== 'running') throw notRunning(uuid)
  return kept
}

function notRunning(uuid: string): AppError {
  return new AppError('RuntimeFailed', `Zone ${uuid} does not run.`)
}

function statusOf({ link, note }: Kept): ZoneStatus {
  const { pid, stage, init, started_at } = link.state
  return { uuid: note.uuid, zoneid: note.zoneid, stage, pid: init === 0 ? null : init, netns: netnsOf(pid), started_at }
}

/** The keeper lives in its zone's network namespace. */
function netnsOf(keeperPid: number): string {
  return `/proc/${keeperPid}/ns/net`
}

function execTarget(host: Host, { link, note }: Kept): ExecTarget {
  return { uuid: note.uuid, keeper_pid: link.state.pid, cgroup2: note.cgroup2 }
}
