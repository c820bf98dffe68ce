import type { Disk } from '#contracts/platform/disk.ts'
import { isLayoutGroup, layoutClasses, listDataDevices, type LayoutDevice, type LayoutDisk, type PoolLayout } from '#contracts/platform/layout.ts'
import { listLayoutDisks } from '../disks/diskinfo.ts'
import { planDiskLayout } from '../disks/layout.ts'
import type { SetupLayout } from './facts.ts'

/** Ways to put the named disks together, what `disklayout` would choose first; [] when there is none. */
export function planSetupLayouts(inventory: readonly Disk[], names: readonly string[]): SetupLayout[] {
  // A stick that was chosen by hand is meant.
  const disks = listLayoutDisks(inventory)
    .filter((disk) => names.includes(disk.name))
    .map((disk): LayoutDisk => ({ ...disk, removable: false }))
  const proposal = planOne(disks, undefined)
  if (proposal === null) return []
  const others = [...layoutClasses.filter((name) => name !== 'single'), 'single' as const].filter((name) => name !== proposal.name)
  return [proposal, ...others.map((name) => planOne(disks, name)).filter((layout) => layout !== null)]
}

/** A layout written out by hand; a sentence when it names a disk that is not there or cannot be used. */
export function describeGivenLayout(inventory: readonly Disk[], layout: PoolLayout): SetupLayout | string {
  const usable = listLayoutDisks(inventory)
  const resolve = ({ name }: LayoutDevice): LayoutDisk | undefined => {
    const known = inventory.find((disk) => [disk.name, disk.path, disk.id_path, disk.serial].includes(name))
    return usable.find((disk) => disk.name === known?.name)
  }
  const missing = allDevices(layout).find((device) => resolve(device) === undefined)
  if (missing !== undefined) return `there is no disk ${missing.name} that can be used`
  const named = mapDevices(layout, (device) => ({ name: resolve(device)?.name ?? device.name }))
  const names = allDevices(named).map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) return `the disk ${twice} stands in it twice`
  const sizeOf = (device: LayoutDevice): number => Number(resolve(device)?.size ?? 0)
  return { ...describe(named, 'custom'), capacityBytes: sumCapacity(layout, sizeOf) }
}

function planOne(disks: readonly LayoutDisk[], wanted: string | undefined): SetupLayout | null {
  const layout = planDiskLayout(disks, { cache: true, ...(wanted === undefined ? {} : { layout: wanted }) })
  if ('error' in layout) return null
  const described = describe(layout, wanted ?? classOf(layout))
  const idle = disks.filter((disk) => !described.disks.includes(disk.name)).map((disk) => disk.name)
  if (idle.length === 0) return described
  return { ...described, shape: `${described.shape}; ${idle.length > 4 ? `${idle.length} disks` : idle.join(' ')} unused` }
}

function describe(layout: PoolLayout, name: string): SetupLayout {
  return {
    name,
    capacityBytes: Number(layout.capacity ?? 0),
    survives: renderSurvival(layout),
    shape: renderShape(layout),
    disks: allDevices(layout).map((device) => device.name),
    value: layout,
  }
}

function allDevices(layout: PoolLayout): LayoutDevice[] {
  return [...listDataDevices(layout), ...(layout.logs ?? []), ...(layout.cache ?? [])]
}

function mapDevices(layout: PoolLayout, map: (device: LayoutDevice) => LayoutDevice): PoolLayout {
  const { vdevs, spares, logs, cache } = layout
  return {
    vdevs: vdevs.map((vdev) => (isLayoutGroup(vdev) ? { type: vdev.type, devices: vdev.devices.map(map) } : map(vdev))),
    ...(spares === undefined ? {} : { spares: spares.map(map) }),
    ...(logs === undefined ? {} : { logs: logs.map(map) }),
    ...(cache === undefined ? {} : { cache: cache.map(map) }),
  }
}

function classOf(layout: PoolLayout): string {
  const [first] = layout.vdevs
  if (first === undefined || !isLayoutGroup(first)) return 'single'
  return first.type === 'raidz' ? 'raidz1' : first.type
}

const parity: Readonly<Record<string, number>> = { single: 0, raidz1: 1, raidz2: 2, raidz3: 3 }
const numbers = ['none', 'any one', 'any two', 'any three']

/** Of the groups the one that stands least counts. */
function renderSurvival(layout: PoolLayout): string {
  const losses = layout.vdevs.map((vdev) => (isLayoutGroup(vdev) ? (parity[vdev.type === 'raidz' ? 'raidz1' : vdev.type] ?? vdev.devices.length - 1) : 0))
  const least = Math.min(...losses)
  if (least === 0 || layout.vdevs.length === 1) return numbers[least] ?? `any ${least}`
  return `${(numbers[least] ?? `${least}`).replace('any ', '')} in each ${classOf(layout) === 'mirror' && least === 1 ? 'pair' : 'group'}`
}

/** `mirror of vda and vdb`, `3 x raidz1 of 4, 1 spare, log nvme0n1`. */
function renderShape(layout: PoolLayout): string {
  const parts = [renderGroups(layout)]
  const spares = layout.spares?.length ?? 0
  if (spares > 0) parts.push(spares === 1 ? '1 spare' : `${spares} spares`)
  for (const [word, devices] of [
    ['log', layout.logs],
    ['cache', layout.cache],
  ] as const) {
    if (devices !== undefined && devices.length > 0) parts.push(`${word} ${devices.map((device) => device.name).join(' ')}`)
  }
  return parts.join(', ')
}

function renderGroups(layout: PoolLayout): string {
  const [first] = layout.vdevs
  const count = layout.vdevs.length
  if (first === undefined || !isLayoutGroup(first)) return count === 1 ? `${allDevices(layout)[0]?.name} alone` : `${count} disks without redundancy`
  const name = classOf(layout)
  if (count > 1) return `${count} x ${name} of ${first.devices.length}`
  return first.devices.length <= 4 ? `${name} of ${first.devices.map((device) => device.name).join(' ')}` : `${name} of ${first.devices.length}`
}

function sumCapacity(layout: PoolLayout, sizeOf: (device: LayoutDevice) => number): number {
  return layout.vdevs.reduce((sum, vdev) => {
    if (!isLayoutGroup(vdev)) return sum + sizeOf(vdev)
    const least = Math.min(...vdev.devices.map(sizeOf))
    const data = vdev.type === 'mirror' ? 1 : vdev.devices.length - (parity[vdev.type === 'raidz' ? 'raidz1' : vdev.type] ?? 0)
    return sum + least * data
  }, 0)
}
