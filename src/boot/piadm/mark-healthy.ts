import { AppError } from '#contracts/errors.ts'
import { readEnvironmentBlock } from '#host/boot/environment.ts'
import { planHealthy } from '#plan/boot/decide.ts'
import { parseEnvironment } from '#plan/boot/environment.ts'
import type { BootHost } from './boot-host.ts'
import { writeEnvironment } from './bring.ts'
import { readSurvey, sentenceOf } from './survey.ts'

export interface MarkResult {
  /** Boot file systems that know it now. */
  marked: string[]
  /** Those that could not be told, each with a sentence. */
  failed: { device: string; message: string }[]
}

const lockMs = 120_000

/**
 * Notes on every boot file system of the pool's disks, and on the medium the node runs from, that the image passed its
 * health check. Throws when none could be told, though there are some; a node without any (booted over the network) has nothing to note.
 */
export async function markHealthy(stamp: string, host: BootHost): Promise<MarkResult> {
  const result: MarkResult = { marked: [], failed: [] }
  const healthy = { stamp, ...(host.running.failed === '' ? {} : { failed: host.running.failed }) }
  await host.exclusively(lockMs, async () => {
    const devices = (await host.devices()).filter(
      (device) => device.formatted && (device.kind === 'disk' || (device.kind === 'usb' && host.running.medium === 'usb')),
    )
    for (const device of devices) {
      try {
        await host.open(device, true, async (root) => {
          const { environment } = parseEnvironment(await readEnvironmentBlock(root))
          const next = planHealthy(environment, healthy)
          if (JSON.stringify(next) !== JSON.stringify(environment)) await writeEnvironment(root, next)
        })
        result.marked.push(device.path)
      } catch (error) {
        result.failed.push({ device: device.path, message: sentenceOf(error) })
      }
    }
  })
  if (result.marked.length === 0 && result.failed.length > 0) {
    throw new AppError('CommandFailed', `No boot file system took the note: ${result.failed.map(({ device, message }) => `${device}: ${message}`).join(' ')}`)
  }
  return result
}

/** The image this node falls back to, as its first readable disk has it; null when none is noted. */
export async function readGood(host: BootHost): Promise<string | null> {
  const survey = await host.exclusively(lockMs, () => readSurvey(host))
  const counts = survey.devices.filter(({ device }) => device.kind === 'disk' || (device.kind === 'usb' && host.running.medium === 'usb'))
  return counts.find(({ environment }) => environment.good !== undefined)?.environment.good ?? null
}
