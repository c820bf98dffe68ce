import { platformPaths } from '#contracts/platform/names.ts'
import type { System } from '../system.ts'

/** '' when the image's manifest is missing or broken: that alone must not stop a boot. */
export async function readStamp(system: Pick<System, 'read'>): Promise<string> {
  try {
    const manifest = JSON.parse((await system.read(platformPaths.manifest)) ?? '{}') as { stamp?: unknown }
    return typeof manifest.stamp === 'string' ? manifest.stamp : ''
  } catch {
    return ''
  }
}
