import { z } from 'zod'
import { bootLabel } from '#contracts/platform/names.ts'

/** A file system that a machine can be booted from, or the place where one shall be. */
export interface BootDevice {
  /** Block device of the file system. */
  path: string
  /** The disk it is on. */
  disk: string
  kind: 'disk' | 'usb' | 'iso'
  sizeBytes: number
  /** False: there is no FAT file system of ours on it yet. */
  formatted: boolean
  /** First sector (of 512 bytes) of the disk's BIOS boot partition; null without one. */
  biosBootSector: number | null
}

/** Partition types of GPT. */
const efiSystem = 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b'
const biosBoot = '21686148-6449-6e6f-744e-656564454649'

interface Block {
  path: string
  type: string
  fstype?: string | null | undefined
  label?: string | null | undefined
  parttype?: string | null | undefined
  start?: number | null | undefined
  size: number
  children?: Block[] | undefined
}

const Block: z.ZodType<Block> = z.object({
  path: z.string(),
  type: z.string(),
  fstype: z.string().nullish(),
  label: z.string().nullish(),
  parttype: z.string().nullish(),
  start: z.number().nullish(),
  size: z.number(),
  get children() {
    return z.array(Block).optional()
  },
})
const Blocks = z.object({ blockdevices: z.array(Block) })

/**
 * The boot file systems in `lsblk`'s answer: the EFI system partition of each disk that has one of `poolPartitions` (paths as the
 * kernel names them), then media by their label. `usb` is whatever is no disk of the pool and no ISO.
 */
export function parseBootDevices(lsblk: string, poolPartitions: readonly string[]): BootDevice[] {
  const { blockdevices } = Blocks.parse(JSON.parse(lsblk))
  const found: { pool: BootDevice[]; media: BootDevice[] } = { pool: [], media: [] }
  for (const disk of blockdevices) {
    const parts = (disk.children ?? []).filter((child) => child.type === 'part')
    const bios = parts.find((part) => part.parttype?.toLowerCase() === biosBoot)
    const common = { disk: disk.path, biosBootSector: bios?.start ?? null }
    const esp = parts.find((part) => part.parttype?.toLowerCase() === efiSystem)
    const inPool = [disk, ...parts].some((block) => poolPartitions.includes(block.path))
    if (inPool && esp !== undefined) found.pool.push({ ...common, path: esp.path, kind: 'disk', sizeBytes: esp.size, formatted: isOurs(esp) })
    if (inPool) continue
    const medium = [disk, ...parts].find((block) => block.label === bootLabel && (block.fstype === 'vfat' || block.fstype === 'iso9660'))
    if (medium === undefined) continue
    found.media.push({ ...common, path: medium.path, kind: medium.fstype === 'iso9660' ? 'iso' : 'usb', sizeBytes: medium.size, formatted: true })
  }
  return [...found.pool, ...found.media]
}

function isOurs(block: Block): boolean {
  return block.fstype === 'vfat' && block.label === bootLabel
}

/** Paths of a pool's devices in the answer of `zpool status -j`, whatever their place (spares and logs too). */
export function parsePoolPaths(status: string): string[] {
  const found: string[] = []
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    const { vdev_type, path } = value as { vdev_type?: unknown; path?: unknown }
    if (vdev_type === 'disk' && typeof path === 'string') found.push(path)
    for (const inner of Object.values(value)) visit(inner)
  }
  visit(JSON.parse(status))
  return found
}
