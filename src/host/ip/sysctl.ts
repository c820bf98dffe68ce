import { readTextFile } from '../fs/atomic.ts'
import { run } from '../run/run.ts'
import type { Context } from '../context.ts'

/** Makes the host's settings so, keys as paths below /proc/sys; runs nothing when they are. A key this kernel has not is left out. */
export async function ensureSysctl(wanted: Readonly<Record<string, string>>, context: Context): Promise<void> {
  const changes: string[] = []
  for (const [key, value] of Object.entries(wanted)) {
    const current = await readTextFile(`/proc/sys/${key}`)
    if (current !== null && current.trim() !== value) changes.push(`${key}=${value}`)
  }
  if (changes.length > 0) await run(['busybox', 'sysctl', '-w', ...changes], {}, context)
}
