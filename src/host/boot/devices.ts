import { realpath } from 'node:fs/promises'
import { AppError } from '#contracts/errors.ts'
import type { Context } from '../context.ts'
import { run } from '../run/run.ts'
import { renderListBlocks, renderPoolStatus } from './argv.ts'
import { parseBootDevices, parsePoolPaths, type BootDevice } from './parse.ts'

/** The boot file systems of this machine: those of the pool's disks (`pool` null: there is none), then media. */
export async function readBootDevices(pool: string | null, context: Context): Promise<BootDevice[]> {
  const named = pool === null ? [] : parsePoolPaths((await run(renderPoolStatus(pool), {}, context)).stdout)
  // A disk that died has a path in the pool and none in /dev.
  const there = await Promise.all(named.map((path) => realpath(path).catch(() => null)))
  const { stdout } = await run(renderListBlocks(), {}, context)
  return parseBootDevices(
    stdout,
    there.filter((path) => path !== null),
  )
}

/** The medium with that device or disk path, or the only one there is. NotFound names what was looked for. */
export function findMedium(devices: readonly BootDevice[], named?: string): BootDevice {
  const media = devices.filter((device) => device.kind !== 'disk')
  const found = named === undefined ? media : media.filter((device) => device.path === named || device.disk === named)
  if (found.length === 1) return found[0]!
  if (found.length === 0) {
    throw new AppError('NotFound', named === undefined ? 'No boot medium of Spirula is attached.' : `${named} is no boot medium of Spirula.`, {
      hint: 'write an image to one first: dd if=spirula.usb.img of=/dev/DISK bs=4M',
    })
  }
  throw new AppError('AmbiguousName', `There are several boot media: ${found.map((device) => device.disk).join(', ')}.`, { hint: 'name one of them' })
}
