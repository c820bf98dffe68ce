import { AppError } from '#contracts/errors.ts'

export type PartitionRole = 'bios' | 'esp' | 'zfs'

/** A partition to be made; the number is the same on every disk, whichever of the others are there. */
export interface Partition {
  number: 1 | 2 | 3
  role: PartitionRole
  start_mib: number
  size_mib: number
}

export const partitionNumbers = { bios: 1, esp: 2, zfs: 3 } as const satisfies Record<PartitionRole, number>

/** GPT types; ZFS's is the one that illumos and FreeBSD look for too. */
export const partitionTypes = {
  bios: '21686148-6449-6e6f-744e-656564454649',
  esp: 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
  zfs: '6a898cc3-1dd2-11b2-99a6-080020736631',
} as const satisfies Record<PartitionRole, string>

/** Below this a boot partition would take too large a share. */
const bootableBytes = 8e9
/** From this size on there is room for more images. */
const roomyBytes = 64e9
/** Left free at the end: the second partition table, and what makes of one maker a little smaller than of another. */
const tailMib = 9
/** ZFS takes no device below 64 MiB. */
const leastZfsMib = 64

/**
 * Partitions of a pool disk: BIOS boot, EFI system partition, ZFS. A disk that is not to be booted from, or that is
 * too small for it, has the third only. Throws NoSpace for a disk ZFS could not use.
 */
export function planPartitions(diskBytes: number, options: { bootable: boolean }): Partition[] {
  const boot: Partition[] = options.bootable && canBeBootable(diskBytes) ? planBoot(diskBytes) : []
  const start = boot.at(-1) === undefined ? 1 : boot.at(-1)!.start_mib + boot.at(-1)!.size_mib
  const size = Math.floor(diskBytes / 2 ** 20) - start - tailMib
  if (size < leastZfsMib) {
    throw new AppError('NoSpace', `A disk of ${diskBytes} bytes is too small for a pool.`, { hint: 'use a disk of at least 128 MiB, better 8 GB' })
  }
  return [...boot, { number: partitionNumbers.zfs, role: 'zfs', start_mib: start, size_mib: size }]
}

export function canBeBootable(diskBytes: number): boolean {
  return diskBytes >= bootableBytes
}

function planBoot(diskBytes: number): Partition[] {
  return [
    { number: partitionNumbers.bios, role: 'bios', start_mib: 1, size_mib: 1 },
    { number: partitionNumbers.esp, role: 'esp', start_mib: 2, size_mib: diskBytes >= roomyBytes ? 2048 : 1024 },
  ]
}

/**
 * Input of sfdisk(8). Sizes are in MiB, so that it holds for sectors of any size. Partitions get no names: ZFS would
 * take `/dev/disk/by-partlabel/…`, the same for all disks, for the name of one of them.
 */
export function renderPartitionScript(partitions: readonly Partition[]): string {
  const lines = partitions.map(
    ({ number, role, start_mib, size_mib }) => `disk${number} : start=${start_mib}MiB, size=${size_mib}MiB, type=${partitionTypes[role]}`,
  )
  return `label: gpt\n\n${lines.join('\n')}\n`
}

/** Path of a partition of a disk: `/dev/sda` + 3 → `/dev/sda3`, `/dev/nvme0n1` → `/dev/nvme0n1p3`, by-id → `…-part3`. */
export function renderPartitionPath(disk: string, number: number): string {
  if (disk.startsWith('/dev/disk/')) return `${disk}-part${number}`
  return /\d$/.test(disk) ? `${disk}p${number}` : `${disk}${number}`
}

/** What a disk is divided into, for createSystemPool of src/host/disks: the input of sfdisk and the paths there will be. */
export function planDividedDisk(
  disk: { path: string; id_path: string | null; size_bytes: number },
  options: { bootable: boolean },
): { script: string; pool_path: string; boot_path: string | null } {
  const partitions = planPartitions(disk.size_bytes, options)
  const pathOf = (number: number): string => renderPartitionPath(disk.id_path ?? disk.path, number)
  const isBootable = partitions.some((partition) => partition.role === 'esp')
  return {
    script: renderPartitionScript(partitions),
    pool_path: pathOf(partitionNumbers.zfs),
    boot_path: isBootable ? pathOf(partitionNumbers.esp) : null,
  }
}
