import { layoutClasses, type LayoutClass, type LayoutDevice, type LayoutDisk, type LayoutGroup, type PoolLayout } from '#contracts/platform/layout.ts'
import { chooseClass } from './choose-class.ts'
import { fitMirror, fitRaidz, type Fit } from './fit.ts'
import { planRoles } from './roles.ts'

export interface LayoutWishes {
  /** One of layoutClasses; chosen from the disks when left out. */
  layout?: string
  /** Number of spares; a sensible number when left out. */
  spares?: number
  /** Disks in each mirror or raidz group. */
  width?: number
  /** False: no disk becomes cache. */
  cache: boolean
}

/** Why no layout is possible, in SmartOS's words. */
export interface NoLayout {
  error: string
}

const parityOf = { raidz: 1, raidz2: 2, raidz3: 3 } as const

/**
 * Proposes a pool for a set of disks, as SmartOS's `disklayout` does (its recorded answers are reproduced). Disks are
 * used from the smallest on, so that spares are the largest ones and can stand in for any other. Disks that an asked
 * for width leaves over are left alone.
 */
export function planDiskLayout(disks: readonly LayoutDisk[], wishes: LayoutWishes): PoolLayout | NoLayout {
  const roles = planRoles(disks, { cache: wishes.cache })
  const count = roles.storage.length
  if (count === 0) return { error: 'no primary storage disks available' }
  const refusal = findSpareMistake(count, wishes.spares)
  if (refusal !== null) return { error: refusal }
  const wanted = wishes.layout ?? chooseClass(roles.storage, wishes)
  const layout = layoutClasses.find((name) => name === wanted)
  if (layout === undefined) return { error: `unknown layout ${wanted}` }
  const pool = layout === 'single' ? planSingle(roles.storage, wishes) : planGroups(roles.storage, layout, wishes)
  if ('error' in pool) return pool
  return { ...pool, ...listDevices('logs', roles.logs), ...listDevices('cache', roles.cache) }
}

function listDevices(role: 'spares' | 'logs' | 'cache', disks: readonly LayoutDisk[]): Partial<PoolLayout> {
  return disks.length === 0 ? {} : { [role]: disks.map(asDevice) }
}

/** A prime number of disks above 16 fits no width but 1 and itself, which no class takes. */
function findSpareMistake(count: number, spares: number | undefined): string | null {
  if (spares === undefined) return null
  const left = count - spares
  if (spares > 0 && left < 2) return `too many spares (${spares}) for this disk configuration`
  if (left > 16 && left < 70 && isPrime(left)) return `invalid number of spares (${spares}) for this disk configuration`
  return null
}

function isPrime(number: number): boolean {
  for (let divisor = 2; divisor * divisor <= number; divisor += 1) if (number % divisor === 0) return false
  return true
}

function planSingle(disks: readonly LayoutDisk[], wishes: LayoutWishes): PoolLayout | NoLayout {
  if (wishes.spares !== undefined && wishes.spares !== 0) return { error: 'spares are not allowed for a single disk pool' }
  const [first] = disks
  return first === undefined ? { error: 'no primary storage disks available' } : { vdevs: [asDevice(first)], capacity: first.size }
}

function planGroups(disks: readonly LayoutDisk[], layout: Exclude<LayoutClass, 'single'>, wishes: LayoutWishes): PoolLayout | NoLayout {
  const fit = layout === 'mirror' ? fitMirror(disks.length, wishes) : fitRaidz(disks.length, layout, wishes)
  if ('error' in fit) return fit
  const type = layout === 'raidz1' ? 'raidz' : layout
  const groups = splitGroups(disks, fit, wishes.width !== undefined)
  const dataDisks = type === 'mirror' ? 1 : fit.width - parityOf[type]
  return {
    ...listDevices('spares', disks.slice(disks.length - fit.spares)),
    vdevs: groups.map((group): LayoutGroup => ({ type, devices: group.map(asDevice) })),
    capacity: groups.reduce((sum, group) => sum + dataDisks * Number(group[0]?.size ?? 0), 0),
  }
}

function splitGroups(disks: readonly LayoutDisk[], fit: Fit, isFixed: boolean): LayoutDisk[][] {
  const groups: LayoutDisk[][] = []
  const end = disks.length - fit.spares
  for (let at = 0; at < end; at += fit.width) {
    // A group narrower than was asked for is not made of what is left over.
    if (isFixed && at > 0 && end - at < fit.width) break
    groups.push(disks.slice(at, Math.min(end, at + fit.width)))
  }
  return groups
}

function asDevice(disk: LayoutDisk): LayoutDevice {
  const { name, vid, pid, size, solid_state } = disk
  return { name, vid, pid, size, solid_state }
}
