import type { Context } from '../context.ts'
import type { Storage } from '../storage.ts'

/**
 * Kept for the node's own records on a pool that guests have filled: else it could not even delete one. ZFS reckons with
 * 24 times of what is written until it is on the disks (every 5 s), so this is room for 2 MiB of records at a time.
 */
export const configReserveBytes = 64 * 2 ** 20

/** Makes the dataset of the node's own records unless it is there. */
export async function ensureConfigDataset(storage: Storage, context: Context): Promise<void> {
  if (!(await storage.exists('config', context))) await storage.create('config', { reserved_bytes: configReserveBytes }, context)
}
