const mib = 2 ** 20

/**
 * Most that ZFS may cache (`zfs_arc_max`), in bytes: a quarter of the memory, as the rest belongs to guests; 64 MiB is
 * the least OpenZFS takes. What guests need comes out of the cache again, but more slowly than a burst of them may ask.
 */
export function planArcMax(memoryMib: number): number {
  return Math.max(64, Math.floor(memoryMib / 4)) * mib
}

/**
 * Memory the kernel keeps free for itself (`vm.min_free_kbytes`), in KiB. For huge pages it takes 66 MiB by itself, and
 * twice that out of what it calls available: much on a small node. A 256th reaches that on a node of 16 GiB.
 */
export function planMinFree(memoryMib: number): number {
  return Math.min(66, Math.max(8, Math.floor(memoryMib / 256))) * 1024
}
