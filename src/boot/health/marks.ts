import type { Context } from '#host/context.ts'
import { readEnvironmentBlock } from '#host/boot/environment.ts'
import { parseEnvironment } from '#plan/boot/environment.ts'
import { type BootHost, createBootHost } from '../piadm/boot-host.ts'
import { markHealthy, readGood } from '../piadm/mark-healthy.ts'
import type { BootMarks } from './check.ts'

/** The notes on the boot file systems of this machine, as piadm keeps them. */
export function createMarks(context: Context): BootMarks {
  return {
    async readGood() {
      const host = await createBootHost(context)
      // An image that cannot import the pool does not know which disks are the pool's: any boot file system will do.
      return (await readGood(host)) ?? (host.pool === '' ? await readAnyGood(host) : null)
    },
    markHealthy: async (stamp) => {
      const { failed } = await markHealthy(stamp, await createBootHost(context))
      return failed.map(({ device, message }) => `${device}: ${message}`)
    },
  }
}

async function readAnyGood(host: BootHost): Promise<string | null> {
  for (const device of await host.devices()) {
    if (device.kind === 'iso' || !device.formatted) continue
    const block = await host.open(device, false, readEnvironmentBlock).catch(() => null)
    const { good } = parseEnvironment(block).environment
    if (good !== undefined) return good
  }
  return null
}
