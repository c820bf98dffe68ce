import { AppError } from '#contracts/errors.ts'
import { poolProperties } from '#contracts/platform/boot-state.ts'
import { platformPaths, systemDatasets, systemPool } from '#contracts/platform/names.ts'
import { parseUsbkeyConfig } from '#contracts/platform/usbkey-config.ts'
import type { PoolOutcome } from '#host/disks/import-pools.ts'
import { parseMemoryMib } from '#host/sys/parse.ts'
import { lasting, type Lasting, renderLasting } from '#plan/start/lasting.ts'
import { planArcMax, planMinFree } from '#plan/start/memory.ts'
import { planState, planSystemPool } from '#plan/start/state.ts'
import { messagesOf } from '../messages-of.ts'
import type { System } from '../system.ts'
import { type Boot, poolOf, type Step } from './boot.ts'

/** The steps that bring the pool up and what lasts to its place, in order. Everything after them reads from there. */
export const poolSteps: readonly Step[] = [
  { name: 'devices', run: settleDevices },
  { name: 'zfs', run: loadZfs },
  { name: 'import', run: importPools },
  { name: 'factory-reset', run: resetPool },
  { name: 'mounts', run: mountPools },
  { name: 'settings', run: readSettings },
  { name: 'lasting', run: bindLasting },
  { name: 'machine-id', run: keepMachineId },
  { name: 'stamps', run: writeStamps },
]

/**
 * The disks and links that the kernel has found by now, with their names of udev. Waited for here, not by a unit before
 * us: meanwhile this program has been started.
 */
async function settleDevices({ system }: Boot): Promise<string | null> {
  const { exitCode } = await system.run(['udevadm', 'settle', '--timeout=120'], { okCodes: [0, 1], timeoutMs: 130_000 })
  return exitCode === 0 ? null : 'udev is not done after 120 s'
}

/** Its cache is bounded before the first pool is there. */
async function loadZfs({ system }: Boot): Promise<string> {
  await system.run(['modprobe', 'zfs'])
  const memory = parseMemoryMib((await system.read('/proc/meminfo')) ?? '')
  await system.writeKernel('/proc/sys/vm/min_free_kbytes', String(planMinFree(memory)))
  const bytes = planArcMax(memory)
  await system.writeKernel('/sys/module/zfs/parameters/zfs_arc_max', String(bytes))
  return `caches at most ${bytes / 2 ** 20} MiB`
}

/** Nothing is mounted yet: a pool that is to be destroyed must not be in use. */
async function importPools(boot: Boot): Promise<string | null> {
  if (boot.arguments.noimport) return null
  try {
    boot.outcomes = await importPatiently(boot)
  } catch (error) {
    boot.imported = { kind: 'failed', reason: `The pools of this machine could not be imported: ${messagesOf(error)}` }
    throw error
  }
  boot.imported = planSystemPool(boot.outcomes, [])
  for (const { name, reason, unfinished } of boot.outcomes) {
    if (reason !== null) boot.problems.push(reason)
    if (unfinished) boot.problems.push(`The making of the pool ${name} was broken off; nothing on it counts: zpool destroy ${name}`)
  }
  return boot.outcomes.map(({ name, state }) => `${name} ${state}`).join(', ') || 'no pool'
}

const slowDisksMs = 30_000

/** Disks that spin up first, or come by a slow bus, may be missing yet: what must be there is looked for again. */
async function importPatiently({ pools, system, arguments: asked }: Boot): Promise<PoolOutcome[]> {
  const step = 2000
  for (let waited = 0; ; waited += step) {
    const outcomes = await pools.importPools({}, system.context)
    const isMissing = outcomes.length === 0 ? asked.medium === 'disk' : outcomes.some(({ imported, state }) => !imported && state === 'UNAVAIL')
    if (!isMissing || waited >= slowDisksMs) return outcomes
    await system.wait(step)
  }
}

/** Done at the boot after it was asked for, when nothing of the pool is in use yet. A rescue boot is the way out. */
async function resetPool(boot: Boot): Promise<string | null> {
  const pool = poolOf(boot)
  if (pool === null) return null
  const { stdout } = await boot.system.run(['zfs', 'get', '-H', '-o', 'value', poolProperties.factoryReset, pool])
  if (stdout.trim() !== 'yes') return null
  try {
    await boot.system.run(['zpool', 'destroy', '-f', pool])
    boot.imported = { kind: 'reset', pool }
  } catch (error) {
    boot.imported = { kind: 'failed', reason: `The pool ${pool} is marked for a factory reset, but could not be destroyed.` }
    throw error
  }
  return `destroyed ${pool}`
}

/** Mounts all pools, each below its own name; only then is one found that its marker makes the system's. */
async function mountPools(boot: Boot): Promise<string | null> {
  const usable = boot.outcomes.filter(({ name, imported, locked, unfinished }) => imported && !locked && !unfinished && !isDestroyed(name, boot))
  if (usable.length === 0) return null
  const marked: string[] = []
  for (const { name } of usable) {
    boot.problems.push(...(await boot.pools.mountPool(name, { top: `/${name}`, system: name === systemPool }, boot.system.context)))
    if ((await boot.system.list(`/${name}`)).includes('.system_pool')) marked.push(name)
  }
  if (boot.imported?.kind === 'none') boot.imported = planSystemPool(usable, marked)
  const pool = poolOf(boot)
  if (pool !== null) {
    boot.mountpoint = `/${pool}`
    await mountSystemDatasets(boot, pool)
  }
  return usable.map(({ name }) => name).join(', ')
}

function isDestroyed(name: string, { imported }: Boot): boolean {
  return imported?.kind === 'reset' && imported.pool === name
}

/** Without these two the node cannot work; of the others a boot can lack any. */
const required = new Set(['config', 'usbkey'])

/** What is not where it should be is mounted, or made. */
async function mountSystemDatasets(boot: Boot, pool: string): Promise<void> {
  for (const [name, mountpoint] of Object.entries(systemDatasets)) {
    const failure = await mountDataset(boot.system, `${pool}/${name}`, mountpoint).then(() => null, messagesOf)
    if (failure === null) continue
    boot.problems.push(`The dataset ${pool}/${name} is not at ${mountpoint}: ${failure}`)
    if (required.has(name)) boot.imported = { kind: 'failed', reason: `The dataset ${pool}/${name} could not be mounted at ${mountpoint}.` }
  }
}

async function mountDataset(system: System, dataset: string, mountpoint: string): Promise<void> {
  const isMounted = async (): Promise<boolean> => (await system.mountAt(mountpoint))?.source === dataset
  if (await isMounted()) return
  const { exitCode } = await system.run(['zfs', 'list', '-H', '-o', 'name', dataset], { okCodes: [0, 1] })
  if (exitCode !== 0) await system.run(['zfs', 'create', '-o', `mountpoint=${mountpoint}`, dataset])
  else await system.run(['zfs', 'mount', dataset])
  if (!(await isMounted())) throw new AppError('PoolUnavailable', `Its mountpoint is another: zfs set mountpoint=${mountpoint} ${dataset}`)
}

/** Reads the settings; with them it is decided what this boot is. */
async function readSettings(boot: Boot): Promise<string | null> {
  const text = poolOf(boot) === null ? null : await boot.system.read(platformPaths.usbkeyConfig)
  if (text !== null) {
    const { values, problems } = parseUsbkeyConfig(text)
    boot.configured = true
    boot.values = values
    boot.problems.push(...problems.map(({ message }) => `${platformPaths.usbkeyConfig}: ${message}`))
  }
  const { state, reason } = planState(boot)
  boot.state = state
  boot.reason = reason
  return text === null ? null : `${boot.values.size} settings`
}

/** Binds what lasts of /var to its place on the pool. */
async function bindLasting({ system, ...boot }: Boot): Promise<string | null> {
  if (boot.imported?.kind !== 'found') return null
  const failures: string[] = []
  const lines: string[] = []
  for (const one of lasting) {
    const { source, target } = renderLasting(one)
    if ((await system.mountAt(target)) !== null) continue
    await ensurePlace(system, target, one)
      .then(() => ensurePlace(system, source, one, target))
      .then(
        // Private, then shared: with the pool's own mount as its peer, a file system mounted below would be mounted twice.
        () => lines.push(`${source} ${target} none bind,private,shared 0 0\n`),
        (error: unknown) => failures.push(`${target}: ${messagesOf(error)}`),
      )
  }
  failures.push(...(await mountAll(system, lines)))
  if (failures.length > 0) throw new AppError('PoolUnavailable', `Not kept beyond this boot: ${failures.join('; ')}.`)
  return lasting.map(({ path }) => path).join(', ')
}

/** Mounts the lines of an fstab(5) by one program, as each costs a good part of a second under emulation. */
async function mountAll(system: System, lines: readonly string[]): Promise<string[]> {
  if (lines.length === 0) return []
  const table = '/run/spirula/lasting.fstab'
  await system.write(table, lines.join(''), { durable: false })
  await system.run(['mount', '-T', table, '-a'], { okCodes: [0, 32, 64] })
  const targets = lines.map((line) => line.split(' ')[1]!)
  const mounts = await Promise.all(targets.map((target) => system.mountAt(target)))
  return targets.filter((_, index) => mounts[index] === null).map((target) => `${target}: it could not be mounted`)
}

/** Makes a file or directory that is not there yet; as a copy of `like`, which keeps owners and what the image has in it. */
async function ensurePlace(system: System, path: string, one: Lasting, like?: string): Promise<void> {
  const parent = path.slice(0, path.lastIndexOf('/'))
  const name = path.slice(parent.length + 1)
  await system.ensureDirectory(parent)
  if ((await system.list(parent)).includes(name)) return
  if (like !== undefined) await system.run(['cp', '-a', like, path])
  else if (one.kind === 'file') await system.write(path, '', { mode: one.mode, durable: false })
  else await system.ensureDirectory(path, one.mode)
}

const machineIdFile = '/etc/machine-id'

/**
 * systemd made an id for this boot. The node's own is on the pool: the journal of all boots is then found under one
 * name. The journal is told, as it is the only one that has read the id by now.
 */
async function keepMachineId({ system, ...boot }: Boot): Promise<string | null> {
  if (boot.imported?.kind !== 'found') return null
  const kept = (await system.read(`${systemDatasets.var}/machine-id`))?.trim() ?? ''
  const present = (await system.read(machineIdFile))?.trim() ?? ''
  if (!isMachineId(kept)) {
    if (isMachineId(present)) await system.write(`${systemDatasets.var}/machine-id`, `${present}\n`, { mode: 0o444 })
    return 'kept from now on'
  }
  if (kept === present) return null
  await system.write(machineIdFile, `${kept}\n`, { mode: 0o444, durable: false })
  await system.run(['systemctl', 'restart', 'systemd-journald.service'])
  return 'as before'
}

function isMachineId(text: string): boolean {
  return /^[0-9a-f]{32}$/.test(text)
}

/** Which platform runs, and which ran before; SmartOS has them at the same place. */
async function writeStamps(boot: Boot): Promise<string | null> {
  if (poolOf(boot) === null || boot.stamp === '') return null
  const current = `${boot.mountpoint}/currbooted`
  const before = (await boot.system.read(current))?.trim() ?? ''
  if (before === boot.stamp) return null
  if (before !== '') await boot.system.write(`${boot.mountpoint}/lastbooted`, `${before}\n`, { mode: 0o644 })
  await boot.system.write(current, `${boot.stamp}\n`, { mode: 0o644 })
  return before === '' ? boot.stamp : `${boot.stamp}, before it ${before}`
}
