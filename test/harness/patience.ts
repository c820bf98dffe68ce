import { readFileSync } from 'node:fs'

/** By how much limits that only catch what hangs are longer here: an emulated processor (QEMU's TCG) is that much slower. */
export const patience = readFileSync('/proc/cpuinfo', 'utf8').includes('QEMU TCG') ? 8 : 1
