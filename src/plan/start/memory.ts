const mib = 2 ** 20

/**
 * Most that ZFS may cache (`zfs_arc_max`), in bytes: a quarter of the memory, as the rest belongs to guests; 64 MiB is
 * the least OpenZFS takes. What guests need comes out of the cache again, but more slowly than a burst of them may ask.
 */
export function planArcMax(memoryMib: number): number {
  return Math.max(64, Math.floor(memoryMib / 4)) * mib
}
