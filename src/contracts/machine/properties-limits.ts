import { type PropertyTable, describeProperty, hvmBrands, osBrands } from './properties-shape.ts'
import { integerSchema } from './properties-values.ts'

const mib = integerSchema(0, 1_073_741_824)
const memory = integerSchema(16, 1_073_741_824)
const ids = integerSchema(1, 2_147_483_647)

/** Processors, memory, counts (reference 1.5.2). */
export const limitProperties = {
  ram: describeProperty(memory, 'Memory of the guest; for OS brands another name of max_physical_memory', { set: 'both', effect: 'live', unit: 'MiB', default: '256', example: 512 }),
  max_physical_memory: describeProperty(memory, 'Memory the machine may take', { set: 'both', effect: 'live', unit: 'MiB', default: 'ram, else 256', example: 512 }),
  max_locked_memory: describeProperty(mib, 'Memory that may be locked; never above max_physical_memory', { set: 'both', effect: 'live', unit: 'MiB', default: 'max_physical_memory' }),
  max_swap: describeProperty(integerSchema(256, 1_073_741_824), 'Memory and swap together', { set: 'both', effect: 'live', unit: 'MiB', default: 'max_physical_memory, at least 256', example: 1024 }),
  tmpfs: describeProperty(mib, 'Size of /tmp in memory, at most max_physical_memory; 0 leaves /tmp on disk', { set: 'both', brands: osBrands, effect: 'live', unit: 'MiB', default: 'max_physical_memory', example: 128 }),
  cpu_cap: describeProperty(integerSchema(0, 1_000_000), 'Most CPU time it may take, in percent of one CPU; 0 is no cap', { set: 'both', effect: 'live', unit: '% of one CPU', example: 150 }),
  cpu_shares: describeProperty(integerSchema(1, 65_535), 'Share of the CPUs when they are short, beside other machines', { set: 'both', effect: 'live', default: '100' }),
  zfs_io_priority: describeProperty(integerSchema(1, 16_384), 'Share of disk time when it is short, beside other machines', { set: 'both', effect: 'live', default: '100' }),
  max_lwps: describeProperty(ids, 'Most threads', { set: 'both', effect: 'live', default: '2000' }),
  max_msg_ids: describeProperty(ids, 'Most System V message queues', { set: 'both', effect: 'restart', default: '4096' }),
  max_sem_ids: describeProperty(ids, 'Most System V semaphore sets', { set: 'both', effect: 'restart', default: '4096' }),
  max_shm_ids: describeProperty(ids, 'Most System V shared memory segments', { set: 'both', effect: 'restart', default: '4096' }),
  max_shm_memory: describeProperty(mib, 'System V shared memory', { set: 'both', effect: 'restart', unit: 'MiB', default: 'max_physical_memory' }),
  vcpus: describeProperty(integerSchema(1, 512), 'Processors of the guest', { set: 'both', brands: hvmBrands, effect: 'restart', default: '1' }),
} satisfies PropertyTable
