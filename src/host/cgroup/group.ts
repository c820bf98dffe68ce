import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '#contracts/errors.ts'
import { readTextFile } from '#host/fs/atomic.ts'
import { ensureKernelDirectory, removeEmptyDirectory, writeKernelFile } from '#host/fs/kernel.ts'
import type { ZoneLimits } from '#host/runtime.ts'
import { type CgroupLayout, controllerDirectory, delegatedDirectory, groupDirectories } from './layout.ts'
import { type LimitWrite, renderLimits } from './limits.ts'

const controllersV1 = ['memory', 'cpu', 'pids', 'blkio']

/** Makes the parent group of all zones in every hierarchy; on v2 also passes the controllers down. Safe to repeat. */
export async function ensureZonesGroup(layout: CgroupLayout): Promise<void> {
  const parents = groupDirectories(layout, '').map((path) => path.slice(0, -1))
  await Promise.all(parents.map(ensureKernelDirectory))
  if (layout.version === 1) return
  for (const directory of [layout.root, `${layout.root}/${layout.parent}`])
    for (const controller of ['cpu', 'cpuset', 'io', 'memory', 'pids'])
      await writeKernelFile(`${directory}/cgroup.subtree_control`, `+${controller}`).catch(ignoreAbsent)
}

/** Makes the zone's groups with their limits; crun adds the other hierarchies when it starts the zone. */
export async function createGroup(layout: CgroupLayout, uuid: string, limits: ZoneLimits): Promise<void> {
  const wanted = layout.version === 2 ? [`${layout.root}/${layout.parent}/${uuid}`] : controllersV1.map((name) => controllerDirectory(layout, name, uuid))
  await Promise.all(wanted.map(async (path) => (path === null ? undefined : await ensureKernelDirectory(path))))
  await writeLimits(layout, uuid, limits)
}

/** Puts limits into force. RuntimeFailed when the zone uses more memory than it may have now and cannot shrink. */
export async function writeLimits(layout: CgroupLayout, uuid: string, limits: ZoneLimits): Promise<void> {
  const byController = Map.groupBy(renderLimits(layout.version, limits), (write) => write.controller)
  await Promise.all(
    [...byController.values()].map(async (writes) => {
      // Within a controller the order matters.
      for (const write of writes) await writeLimit(layout, uuid, write)
    }),
  )
}

async function writeLimit(layout: CgroupLayout, uuid: string, write: LimitWrite): Promise<void> {
  const directory = controllerDirectory(layout, write.controller, uuid)
  if (directory === null) return
  try {
    await (write.file === 'memory.max' ? writeMemoryMax(directory, write.value) : writeKernelFile(`${directory}/${write.file}`, write.value))
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (write.optional && code !== 'EBUSY') return
    const why = code === 'EBUSY' ? 'it uses more than that' : 'the kernel refused it'
    throw new AppError('RuntimeFailed', `The limit ${write.file} of zone ${uuid} cannot be ${write.value}: ${why}.`, { cause })
  }
}

/**
 * v1 refuses a limit below what is in use; v2 would kill for it. So the zone is first held at the new value,
 * for which the kernel takes back what it can before the write ends. EBUSY when that was not enough.
 */
async function writeMemoryMax(directory: string, value: string): Promise<void> {
  const high = `${directory}/memory.high`
  await writeKernelFile(high, value)
  try {
    const current = Number(await readTextFile(`${directory}/memory.current`))
    if (current > Number(value)) throw Object.assign(new Error(`memory.current is ${current}`), { code: 'EBUSY' })
    await writeKernelFile(`${directory}/memory.max`, value)
  } finally {
    await writeKernelFile(high, 'max')
  }
}

/** Pids in the zone's groups, subgroups included, as seen from this pid namespace. */
export async function readGroupPids(layout: CgroupLayout, uuid: string): Promise<number[]> {
  // Every process of a zone is in all hierarchies; pids counts them, memory is there when pids is not mounted.
  const directory = controllerDirectory(layout, 'pids', uuid) ?? controllerDirectory(layout, 'memory', uuid)
  if (directory === null) return []
  const texts = await Promise.all((await subgroups(directory)).map(async (path) => (await readTextFile(`${path}/cgroup.procs`).catch(() => '')) ?? ''))
  return [...new Set(texts.join('\n').split('\n').map(Number))].filter((pid) => pid > 0)
}

/** Kills every process of the zone and removes its groups from every hierarchy. Safe to repeat. Timeout when a process does not die. */
export async function destroyGroup(layout: CgroupLayout, uuid: string): Promise<void> {
  const directories = groupDirectories(layout, uuid)
  for (let attempt = 0; attempt < 200; attempt += 1) {
    await killGroup(layout, uuid)
    const left = await Promise.all(directories.map(removeGroupTree))
    if (left.every((gone) => gone)) return
    // Dying processes hold their group until their memory is given back.
    await sleep(attempt < 20 ? 2 : 50)
  }
  throw new AppError('Timeout', `Processes of zone ${uuid} did not die within nine seconds.`, { internal: (await readGroupPids(layout, uuid)).join(' ') })
}

async function killGroup(layout: CgroupLayout, uuid: string): Promise<void> {
  if (layout.version === 2) await writeKernelFile(`${delegatedDirectory(layout, uuid)}/cgroup.kill`, '1').catch(ignoreAbsent)
  for (const pid of await readGroupPids(layout, uuid)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // ESRCH: it has ended by itself.
    }
  }
}

async function removeGroupTree(directory: string): Promise<boolean> {
  try {
    for (const path of (await subgroups(directory)).toReversed()) await removeEmptyDirectory(path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EBUSY') return false
    throw error
  }
}

/** The directory and those below, parents first; [] when there is none. */
async function subgroups(directory: string): Promise<string[]> {
  const found: string[] = []
  // Not by recursion: how deep it goes is the guest's choice.
  for (const queue = [directory]; queue.length > 0;) {
    const path = queue.shift()!
    const below = await listSubdirectories(path)
    if (below === null) continue
    found.push(path)
    queue.push(...below.map((name) => `${path}/${name}`))
  }
  return found
}

/** null when the directory is gone. */
async function listSubdirectories(path: string): Promise<string[] | null> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => null)
  return entries?.filter((entry) => entry.isDirectory()).map((entry) => entry.name) ?? null
}

/** Zones that have a group. */
export async function listGroups(layout: CgroupLayout): Promise<string[]> {
  const names = await Promise.all(groupDirectories(layout, '').map(async (path) => (await listSubdirectories(path)) ?? []))
  return [...new Set(names.flat())]
}

/** A control file of the zone; null when it is not there. */
export async function readGroupFile(layout: CgroupLayout, uuid: string, controller: string, file: string): Promise<string | null> {
  const directory = controllerDirectory(layout, controller, uuid)
  return directory === null ? null : await readFile(`${directory}/${file}`, 'utf8').catch(() => null)
}

function ignoreAbsent(error: NodeJS.ErrnoException): void {
  // A controller that the host does not have, or has given to v1.
  if (!['ENOENT', 'EINVAL', 'ENODEV'].includes(error.code ?? '')) throw error
}
