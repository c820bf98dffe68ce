import { AppError } from '#contracts/errors.ts'
import type { Disk } from '#contracts/platform/disk.ts'
import { isLayoutGroup, type LayoutDevice, type PoolLayout } from '#contracts/platform/layout.ts'
import { bootLabel } from '#contracts/platform/names.ts'

export interface Consent {
  /** Pools that may be destroyed, by their exact names. */
  overwrite: readonly string[]
  /** Other file systems may be destroyed, and groups may differ in kind. */
  force: boolean
}

/**
 * The disks that a layout names. Throws, before anything is changed: NotFound for one that is not there, InvalidPayload
 * for one named twice and for groups that differ, Busy for one in use, PoolUnavailable for one with a pool or file
 * system on it that may not be destroyed.
 */
export function chooseDevices(layout: PoolLayout, disks: readonly Disk[], consent: Consent): Map<LayoutDevice, Disk> {
  if (!consent.force) refuseMixedGroups(layout)
  const chosen = new Map<LayoutDevice, Disk>()
  for (const device of listDevices(layout)) {
    const disk = disks.find((candidate) => isNamed(candidate, device.name))
    if (disk === undefined) throw new AppError('NotFound', `There is no disk ${device.name}.`, { hint: 'disklist -n' })
    if ([...chosen.values()].includes(disk)) throw new AppError('InvalidPayload', `The layout names the disk ${disk.name} more than once.`)
    refuseDisk(disk, consent)
    chosen.set(device, disk)
  }
  return chosen
}

function listDevices(layout: PoolLayout): LayoutDevice[] {
  const { spares = [], logs = [], cache = [] } = layout
  return [...layout.vdevs.flatMap((vdev) => (isLayoutGroup(vdev) ? vdev.devices : [vdev])), ...spares, ...logs, ...cache]
}

function isNamed(disk: Disk, name: string): boolean {
  return [disk.name, disk.path, disk.id_path, disk.id_path?.replace('/dev/disk/by-id/', '')].includes(name)
}

function refuseDisk(disk: Disk, consent: Consent): void {
  const foreign = disk.pools.filter((pool) => !consent.overwrite.includes(pool))
  if (foreign.length > 0) {
    throw new AppError('PoolUnavailable', `The disk ${disk.name} belongs to the pool ${foreign.join(', ')}, which was left as it is.`, {
      hint: `to destroy it with all that is on it, name it: --overwrite ${foreign.join(',')}`,
    })
  }
  if (disk.in_use) throw new AppError('Busy', `The disk ${disk.name} is in use.`, { hint: `lsblk ${disk.path}` })
  if (disk.boot_medium) throw new AppError('Busy', `The disk ${disk.name} is a boot medium or brings the answers for this node; it was left as it is.`)
  if (disk.read_only) throw new AppError('PoolUnavailable', `The disk ${disk.name} cannot be written to.`)
  // The boot partition of a pool that is no more is nothing to lose.
  const [found] = disk.pools.length > 0 || consent.force ? [] : disk.file_systems.filter(({ label }) => label !== bootLabel)
  if (found !== undefined) {
    const label = found.label === null ? '' : ` "${found.label}"`
    throw new AppError('PoolUnavailable', `The disk ${disk.name} has a file system on it (${found.type}${label} at ${found.path}) and was left as it is.`, {
      hint: 'to destroy it, force it: -f',
    })
  }
}

/** As zpool does without -f: data that a group keeps safe and data that another does not is no pool one means. */
function refuseMixedGroups(layout: PoolLayout): void {
  const kinds = new Set(layout.vdevs.map((vdev) => (isLayoutGroup(vdev) ? `${vdev.type} of ${vdev.devices.length}` : 'single disk')))
  if (kinds.size < 2) return
  throw new AppError('InvalidPayload', `The groups of the layout differ: ${[...kinds].join(', ')}.`, { hint: 'to have it so, force it: -f' })
}

/** Words of zpool(8) for a layout; `pathOf` gives what of a device is the pool's. */
export function renderVdevs(layout: PoolLayout, pathOf: (device: LayoutDevice) => string): string[] {
  const section = (word: string, devices: readonly LayoutDevice[] = []): string[] => (devices.length === 0 ? [] : [word, ...devices.map(pathOf)])
  return [
    ...layout.vdevs.flatMap((vdev) => (isLayoutGroup(vdev) ? section(vdev.type, vdev.devices) : [pathOf(vdev)])),
    ...section('spare', layout.spares),
    ...section('log', layout.logs),
    ...section('cache', layout.cache),
  ]
}
