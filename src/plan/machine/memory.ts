import type { MachineRecord } from '#contracts/machine/record.ts'
import type { Problem } from './problems.ts'

export type Memory = Pick<MachineRecord, 'max_physical_memory' | 'max_locked_memory' | 'max_swap' | 'tmpfs' | 'max_shm_memory'>

const defaultMemory = 256
/** Least max_swap (reference 1.5.2). */
const leastSwap = 256

/** Fills in and checks the memory limits, all in MiB (reference 1.5.2). */
export function planMemory(wanted: Partial<Memory>): { memory: Memory; problems: Problem[]; warnings: string[] } {
  const max_physical_memory = wanted.max_physical_memory ?? defaultMemory
  const max_swap = wanted.max_swap ?? Math.max(max_physical_memory, leastSwap)
  const warnings: string[] = []
  const atMost = (name: 'max_locked_memory' | 'tmpfs'): number => {
    const value = wanted[name] ?? max_physical_memory
    if (value > max_physical_memory) warnings.push(`${name} ${value} is above max_physical_memory and was lowered to ${max_physical_memory} MiB.`)
    return Math.min(value, max_physical_memory)
  }
  const memory = {
    max_physical_memory,
    max_locked_memory: atMost('max_locked_memory'),
    max_swap,
    tmpfs: atMost('tmpfs'),
    max_shm_memory: wanted.max_shm_memory ?? max_physical_memory,
  }
  const problems =
    max_swap < max_physical_memory ? [{ path: 'max_swap', message: `max_swap must be >= max_physical_memory (${max_swap} < ${max_physical_memory} MiB)` }] : []
  return { memory, problems, warnings }
}

/**
 * The limits that follow max_physical_memory when an update changes it alone: locked memory and swap keep
 * their difference to it, tmpfs its ratio.
 */
export function scaleMemory(old: Memory, maxPhysicalMemory: number): Omit<Memory, 'max_shm_memory'> {
  const more = maxPhysicalMemory - old.max_physical_memory
  return {
    max_physical_memory: maxPhysicalMemory,
    max_locked_memory: Math.min(maxPhysicalMemory, Math.max(0, old.max_locked_memory + more)),
    max_swap: Math.max(leastSwap, old.max_swap + more),
    tmpfs: Math.min(maxPhysicalMemory, Math.round((old.tmpfs * maxPhysicalMemory) / old.max_physical_memory)),
  }
}
