import type { ZoneUsage } from '#host/runtime.ts'
import { readGroupFile } from './group.ts'
import type { CgroupLayout } from './layout.ts'

/** What the zone takes now; null when it has no group. Page cache that can be dropped is not counted as its memory. */
export async function readGroupUsage(layout: CgroupLayout, uuid: string): Promise<ZoneUsage | null> {
  const read = async (controller: string, file: string): Promise<string | null> => await readGroupFile(layout, uuid, controller, file)
  const lwps = await read('pids', 'pids.current')
  if (lwps === null) return null
  const usage = layout.version === 1 ? await readV1(read) : await readV2(read)
  return { ...usage, lwps: Number(lwps) }
}

type Read = (controller: string, file: string) => Promise<string | null>

async function readV1(read: Read): Promise<Omit<ZoneUsage, 'lwps'>> {
  const [memory, both, stat, cpu] = await Promise.all([
    read('memory', 'memory.usage_in_bytes'),
    read('memory', 'memory.memsw.usage_in_bytes'),
    read('memory', 'memory.stat'),
    read('cpuacct', 'cpuacct.usage'),
  ])
  const bytes = Number(memory ?? 0)
  return {
    memory_bytes: Math.max(0, bytes - parseStat(stat, 'total_inactive_file')),
    swap_bytes: Math.max(0, Number(both ?? bytes) - bytes),
    cpu_usec: Math.round(Number(cpu ?? 0) / 1000),
  }
}

async function readV2(read: Read): Promise<Omit<ZoneUsage, 'lwps'>> {
  const [memory, swap, stat, cpu] = await Promise.all([
    read('memory', 'memory.current'),
    read('memory', 'memory.swap.current'),
    read('memory', 'memory.stat'),
    read('cpu', 'cpu.stat'),
  ])
  return {
    memory_bytes: Math.max(0, Number(memory ?? 0) - parseStat(stat, 'inactive_file')),
    swap_bytes: Number(swap ?? 0),
    cpu_usec: parseStat(cpu, 'usage_usec'),
  }
}

/** Number beside a key in a `key value` file; 0 when it is not there. */
export function parseStat(text: string | null, key: string): number {
  const line = text?.split('\n').find((one) => one.startsWith(`${key} `))
  return line === undefined ? 0 : Number(line.slice(key.length + 1))
}
