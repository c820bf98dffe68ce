import { randomBytes } from 'node:crypto'
import { AppError } from '#contracts/errors.ts'
import type { Disk } from '#contracts/platform/disk.ts'
import { listDataDevices, type LayoutDevice, type PoolLayout } from '#contracts/platform/layout.ts'
import { bootLabel, systemDatasets } from '#contracts/platform/names.ts'
import type { Context } from '../context.ts'
import {
  renderCreateDataset,
  renderCreatePool,
  renderDestroyPool,
  renderInherit,
  renderListPools,
  renderListTops,
  renderMakeFat,
  renderReadAvailable,
  unfinishedProperty,
} from './argv.ts'
import { chooseDevices, renderVdevs, type Consent } from './choose-devices.ts'
import { encryptionProperties, listSystemDatasets, topProperties } from './datasets.ts'
import { readDisks } from './inventory.ts'
import { ensureZfs } from './import-pools.ts'
import { parsePools, parseTops } from './parse-pools.ts'
import { createPartitions, type DiskPlan } from './partition.ts'
import { diskRunner, type DiskRunner } from './runner.ts'

/** Partitions of one disk, from src/plan/disks. */
export interface DividedDisk {
  script: string
  /** Path of the ZFS partition, and of the EFI system partition where there is one. */
  pool_path: string
  boot_path: string | null
}

export interface PoolOrder extends Consent {
  pool: string
  layout: PoolLayout
  /** Gives what a disk is divided into (planDividedDisk of src/plan/disks); may throw. */
  divide(disk: Pick<Disk, 'path' | 'id_path' | 'size_bytes'>, options: { bootable: boolean }): DividedDisk
  /** Disks of the data and spares get boot partitions. */
  bootable: boolean
  /** The whole pool is encrypted with it; eight characters at least. */
  passphrase?: string
  /** Told what is done next, in a few words. */
  report?(step: string): void
}

export interface CreatedPool {
  name: string
  mountpoint: string
  /** EFI system partitions, formatted and empty, in the layout's order. */
  boot_partitions: string[]
}

/**
 * Makes the pool a node lives on: partitions, the pool at /POOL, the datasets of systemDatasets, all mounted, and
 * last the marker that says it is whole. Nothing is changed before all is checked (errors of chooseDevices; PoolUnavailable when a
 * pool of that name is imported). A failure takes the pool back; a pool whose making was killed says so in
 * `spirula:unfinished` and is made anew by the next order of the same name.
 */
export async function createSystemPool(order: PoolOrder, context: Context, runner: DiskRunner = diskRunner): Promise<CreatedPool> {
  return await makePool(order, true, { context, runner })
}

/** Makes a pool for data, mounted at /POOL, without datasets; else as createSystemPool. */
export async function createDataPool(order: PoolOrder, context: Context, runner: DiskRunner = diskRunner): Promise<CreatedPool> {
  return await makePool(order, false, { context, runner })
}

interface Host {
  context: Context
  runner: DiskRunner
}

async function makePool(order: PoolOrder, isSystem: boolean, host: Host): Promise<CreatedPool> {
  const { context, runner } = host
  const mountpoint = `/${order.pool}`
  checkOrder(order)
  await ensureZfs(context, runner)
  const chosen = await clearTheWay(order, host)
  const divided = divideDisks(order, chosen)
  order.report?.(`Dividing ${chosen.size} disks`)
  await createPartitions([...divided.values()], context, runner)
  await using undo = new AsyncDisposableStack()
  order.report?.(`Making the pool ${order.pool}`)
  // Before the command, as one that is killed may have made the pool already.
  undo.defer(async () => void (await destroyUnfinished(order.pool, { ...host, context: { ...context, signal: new AbortController().signal } })))
  await createTop(order, mountpoint, divided, host)
  if (isSystem) await createDatasets(order.pool, mountpoint, host)
  const boot_partitions = [...divided.values()].flatMap(({ boot_path }) => boot_path ?? [])
  for (const path of boot_partitions) await runner.run(renderMakeFat(path, bootLabel, randomBytes(4).toString('hex')), {}, context)
  if (isSystem) await runner.mark(mountpoint, order.pool, context)
  await runner.run(renderInherit(unfinishedProperty, order.pool), {}, context)
  undo.move()
  return { name: order.pool, mountpoint: mountpoint, boot_partitions }
}

const reservedNames = /^(mirror|raidz.*|draid.*|spare|log|cache|special|dedup)$/
const systemDirectories = [
  'bin',
  'boot',
  'dev',
  'etc',
  'home',
  'lib',
  'lib64',
  'media',
  'mnt',
  'native',
  'opt',
  'platform',
  'proc',
  'root',
  'run',
  'sbin',
  'srv',
  'sys',
  'tmp',
  'usbkey',
  'usr',
  'var',
]

function checkOrder({ pool, passphrase }: PoolOrder): void {
  if (!/^[A-Za-z][A-Za-z0-9_.:-]{0,62}$/.test(pool) || reservedNames.test(pool) || systemDirectories.includes(pool)) {
    throw new AppError('InvalidPayload', `"${pool}" cannot be the name of a pool.`, {
      hint: 'use a letter and then letters, digits and _ . : -, and no name of a directory of the system',
    })
  }
  if (passphrase !== undefined && (passphrase.length < 8 || passphrase.length > 512 || passphrase.includes('\n'))) {
    throw new AppError('InvalidPayload', 'The passphrase of a pool has 8 to 512 characters, in one line.')
  }
}

/** Gives the disks, after removing what may be removed: pools named in the order, and the rest of a broken-off attempt. */
async function clearTheWay(order: PoolOrder, host: Host): Promise<Map<LayoutDevice, Disk>> {
  const { context, runner } = host
  const consent = { ...order, overwrite: [...order.overwrite] }
  const imported = parsePools((await runner.run(renderListPools(), {}, context)).stdout).map((pool) => pool.name)
  if (await destroyUnfinished(order.pool, host)) consent.overwrite.push(order.pool)
  else if (imported.includes(order.pool) && !order.overwrite.includes(order.pool)) {
    throw new AppError('PoolUnavailable', `There is a pool ${order.pool} already, which was left as it is.`, { hint: 'zpool status' })
  }
  const before = await readDisks(context, runner)
  // All must be well before the first pool is destroyed; that its own disks are in use yet is not against it.
  const doomed = (disk: Disk): boolean => disk.pools.some((pool) => consent.overwrite.includes(pool) && imported.includes(pool))
  chooseDevices(
    order.layout,
    before.map((disk) => (doomed(disk) ? { ...disk, in_use: false } : disk)),
    consent,
  )
  const targets = imported.filter((pool) => order.overwrite.includes(pool) && before.some((disk) => disk.pools.includes(pool)))
  for (const pool of targets) await runner.run(renderDestroyPool(pool), {}, context)
  return chooseDevices(order.layout, targets.length === 0 ? before : await readDisks(context, runner), consent)
}

type Divided = DiskPlan & DividedDisk

function divideDisks(order: PoolOrder, chosen: ReadonlyMap<LayoutDevice, Disk>): Map<LayoutDevice, Divided> {
  const data = listDataDevices(order.layout)
  const divided = new Map<LayoutDevice, Divided>()
  for (const [device, disk] of chosen) {
    const parts = order.divide(disk, { bootable: order.bootable && data.includes(device) })
    divided.set(device, { ...parts, disk, partitions: [parts.pool_path, ...(parts.boot_path === null ? [] : [parts.boot_path])] })
  }
  return divided
}

async function createTop(order: PoolOrder, mountpoint: string, divided: ReadonlyMap<LayoutDevice, Divided>, { context, runner }: Host): Promise<void> {
  const encryption = order.passphrase === undefined ? [] : encryptionProperties
  const argv = renderCreatePool({
    name: order.pool,
    mountpoint,
    vdevs: renderVdevs(order.layout, (device) => divided.get(device)?.pool_path ?? device.name),
    properties: [...topProperties, ...encryption, `${unfinishedProperty}=yes`],
  })
  await runner.run(argv, order.passphrase === undefined ? {} : { input: `${order.passphrase}\n` }, context)
}

async function createDatasets(pool: string, mountpoint: string, { context, runner }: Host): Promise<void> {
  const available = Number((await runner.run(renderReadAvailable(pool), {}, context)).stdout.trim())
  for (const { name, properties } of listSystemDatasets(mountpoint, available)) {
    await runner.run(renderCreateDataset(`${pool}/${name}`, properties), {}, context)
  }
  // Password hashes and host keys.
  await runner.restrict(systemDatasets.usbkey)
}

/** Destroys an imported pool that says its making was broken off; false when there is none. */
async function destroyUnfinished(pool: string, { context, runner }: Host): Promise<boolean> {
  const tops = parseTops((await runner.run(renderListTops(), { okCodes: [0, 1] }, context)).stdout)
  if (!tops.some((top) => top.name === pool && top.unfinished)) return false
  await runner.run(renderDestroyPool(pool), {}, context)
  return true
}
