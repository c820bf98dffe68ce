/** A disk of a node as its inventory shows it (src/host/disks/inventory.ts). */
export interface Disk {
  /** Kernel name, `sda`; may be another after the next boot. */
  name: string
  /** `/dev/sda`. */
  path: string
  /** `/dev/disk/by-id/…`, the same at every boot; null for a disk that says nothing of itself. */
  id_path: string | null
  size_bytes: number
  model: string | null
  serial: string | null
  vendor: string | null
  /** `sata`, `sas`, `nvme`, `usb`, `virtio` … */
  transport: string | null
  rotational: boolean
  /** A stick, a card reader, anything on USB. */
  removable: boolean
  read_only: boolean
  /** It carries boot media or answers, and no pool: never part of a layout. */
  boot_medium: boolean
  /** Something of it is mounted, swapped to, held by another layer, or part of an imported pool. */
  in_use: boolean
  /** Names of the pools with a label on it, imported or not; destroyed ones are left out. */
  pools: string[]
  /** What else is recognised on it. */
  file_systems: DiskFileSystem[]
}

export interface DiskFileSystem {
  /** The disk or partition, `/dev/sda2`. */
  path: string
  /** `vfat`, `ext4`, `LVM2_member` … */
  type: string
  label: string | null
}
