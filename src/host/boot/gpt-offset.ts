import { AppError } from '#contracts/errors.ts'
import { readAt } from '../fs/blocks.ts'

const efiSystem = Buffer.from('28732ac11ff8d211ba4b00a0c93ec93b', 'hex')
const sector = 512

/** Where the EFI system partition of a disk image begins, in bytes; ImageInvalid when the file has none. */
export async function readEspOffset(file: string): Promise<number> {
  const header = await readAt(file, sector, sector)
  if (header.toString('latin1', 0, 8) !== 'EFI PART') throw new AppError('ImageInvalid', `${file} is no disk image with a GUID partition table.`)
  const [at, count, size] = [Number(header.readBigUInt64LE(72)), header.readUInt32LE(80), header.readUInt32LE(84)]
  if (count > 1024 || size < 128 || size > 1024) throw new AppError('ImageInvalid', `The partition table of ${file} cannot be read.`)
  const table = await readAt(file, at * sector, count * size)
  for (let entry = 0; entry + 128 <= table.length; entry += size) {
    if (table.subarray(entry, entry + 16).equals(efiSystem)) return Number(table.readBigUInt64LE(entry + 32)) * sector
  }
  throw new AppError('ImageInvalid', `The disk image ${file} has no EFI system partition.`)
}
