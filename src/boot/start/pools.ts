import { importPools } from '#host/disks/import-pools.ts'
import { mountPool } from '#host/disks/mount-pool.ts'
import type { Pools } from './boot.ts'

export const realPools: Pools = { importPools: (_options, context) => importPools({}, context), mountPool }
