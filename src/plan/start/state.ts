import type { BootStateName } from '#contracts/platform/boot-state.ts'
import { systemPool } from '#contracts/platform/names.ts'
import type { BootArguments } from './boot-arguments.ts'

/** What importing the pools came to. */
export type ImportOutcome =
  | { kind: 'found'; pool: string }
  /** No system pool among those that are there. */
  | { kind: 'none'; others: readonly string[] }
  /** The system pool was destroyed, as was asked for before this boot. */
  | { kind: 'reset'; pool: string }
  | { kind: 'failed'; reason: string }

export interface StateFacts {
  arguments: Pick<BootArguments, 'noimport' | 'standby'>
  /** null when nothing was tried. */
  imported: ImportOutcome | null
  /** Text of /usbkey/config is there. */
  configured: boolean
}

/** The state of a boot, with the sentence for it. */
export function planState({ arguments: asked, imported, configured }: StateFacts): { state: BootStateName; reason?: string } {
  if (asked.noimport) return { state: 'rescue', reason: 'The kernel argument noimport asks for a rescue boot: no pool was touched.' }
  if (imported === null) return { state: 'failed', reason: 'Nothing was found out about the pools of this machine.' }
  if (imported.kind === 'failed') return { state: 'failed', reason: imported.reason }
  if (imported.kind === 'reset') return { state: 'unset', reason: `The pool ${imported.pool} was destroyed: a factory reset was asked for.` }
  if (imported.kind === 'none') return { state: 'unset', reason: noPool(imported.others) }
  if (!configured) return { state: 'unset', reason: `The pool ${imported.pool} holds no settings: /usbkey/config is missing.` }
  return { state: asked.standby ? 'standby' : 'ready' }
}

/** A pool as far as its choice goes; see PoolOutcome of src/host/disks. */
export interface PoolFact {
  name: string
  imported: boolean
  reason: string | null
  unfinished: boolean
  locked: boolean
}

/** Which of the pools is the system's: `zones`, else the one with the marker. What is wrong with it decides over the boot. */
export function planSystemPool(pools: readonly PoolFact[], marked: readonly string[]): ImportOutcome {
  const pool = pools.find(({ name }) => name === systemPool) ?? pools.find(({ name }) => marked.includes(name))
  const others = pools.filter((other) => other !== pool).map(({ name }) => name)
  if (pool === undefined || (pool.imported && pool.unfinished)) return { kind: 'none', others }
  if (!pool.imported) return { kind: 'failed', reason: pool.reason ?? `The pool ${pool.name} was not imported.` }
  if (pool.locked) return { kind: 'failed', reason: `The pool ${pool.name} is encrypted. Log in and type: zfs load-key ${pool.name} && spirula-boot start` }
  return { kind: 'found', pool: pool.name }
}

function noPool(others: readonly string[]): string {
  if (others.length === 0) return 'No disk of this machine holds a pool.'
  return `None of the pools of this machine (${others.join(', ')}) is a system pool.`
}
