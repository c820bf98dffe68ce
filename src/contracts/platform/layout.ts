import { z } from 'zod'

/** A disk as `diskinfo -Hp` describes it on SmartOS, one line each, and as layouts are planned from. */
export interface LayoutDisk {
  /** How it is attached, in capitals: `SCSI`, `SATA`, `NVME`. */
  type: string
  name: string
  /** Vendor and product. */
  vid: string
  pid: string
  /** Bytes, in decimal digits. */
  size: string
  removable: boolean
  solid_state: boolean
}

/** Name of a device: of the kernel (`sda`), of /dev/disk/by-id, or a path below /dev. */
const deviceName = z
  .string()
  .regex(/^(\/dev\/)?[A-Za-z0-9][A-Za-z0-9_.:+@=/-]*$/, 'is not the name of a disk')
  .refine((name) => !name.split('/').includes('..'), 'must not contain ".."')

/** A disk in a layout; only its name matters to whom makes the pool. */
export const LayoutDevice = z.looseObject({
  name: deviceName,
  vid: z.string().optional(),
  pid: z.string().optional(),
  size: z.union([z.string(), z.number()]).optional(),
  solid_state: z.boolean().optional(),
})
export type LayoutDevice = z.infer<typeof LayoutDevice>

/** A group of disks that keeps data twice or with parity; `raidz` is raidz1. */
export const LayoutGroup = z.object({
  type: z.enum(['mirror', 'raidz', 'raidz1', 'raidz2', 'raidz3']),
  devices: z.array(LayoutDevice).min(1),
})
export type LayoutGroup = z.infer<typeof LayoutGroup>

/** What `disklayout` prints and `mkzpool` takes, in SmartOS's form: a disk that stands alone is no group. */
export const PoolLayout = z.object({
  spares: z.array(LayoutDevice).optional(),
  vdevs: z.array(z.union([LayoutGroup, LayoutDevice])).min(1),
  /** Bytes that can be stored; SmartOS has a text here for a single disk. */
  capacity: z.union([z.number(), z.string()]).optional(),
  logs: z.array(LayoutDevice).optional(),
  cache: z.array(LayoutDevice).optional(),
})
export type PoolLayout = z.infer<typeof PoolLayout>

/** Classes of layouts that can be asked for. */
export const layoutClasses = ['single', 'mirror', 'raidz1', 'raidz2', 'raidz3'] as const
export type LayoutClass = (typeof layoutClasses)[number]

export function isLayoutGroup(vdev: PoolLayout['vdevs'][number]): vdev is LayoutGroup {
  return 'devices' in vdev
}

/** Disks of the pool's data and its spares, in the layout's order: those that are made bootable. */
export function listDataDevices(layout: PoolLayout): LayoutDevice[] {
  return [...layout.vdevs.flatMap((vdev) => (isLayoutGroup(vdev) ? vdev.devices : [vdev])), ...(layout.spares ?? [])]
}
