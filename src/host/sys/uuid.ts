import { createHash } from 'node:crypto'
import { readTextFile } from '../fs/atomic.ts'
import { parseUuid } from './parse.ts'

/**
 * UUID of this machine: the firmware's, else one derived from /etc/machine-id (which must not be shown as
 * it is, says machine-id(5)). null when the machine has neither: the caller then makes one and keeps it.
 */
export async function readHostUuid(files = { dmi: '/sys/class/dmi/id/product_uuid', machineId: '/etc/machine-id' }): Promise<string | null> {
  // DMI is readable by root alone: whatever is wrong with it, the other source is left.
  const dmi = parseUuid(await readTextFile(files.dmi).catch(() => null))
  if (dmi !== null) return dmi
  const machineId = (await readTextFile(files.machineId))?.trim() ?? ''
  return /^[0-9a-f]{32}$/.test(machineId) ? deriveUuid(machineId) : null
}

/** A UUID of version 5 form out of a secret-ish text; the same for the same text. */
export function deriveUuid(text: string): string {
  const bytes = createHash('sha256').update(`spirula node ${text}`).digest().subarray(0, 16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
