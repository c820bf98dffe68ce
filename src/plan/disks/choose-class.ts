import type { LayoutClass, LayoutDisk } from '#contracts/platform/layout.ts'
import { raidzLimits } from './fit.ts'
import type { LayoutWishes } from './layout.ts'

/** From this size on a second disk may fail while the first is being rebuilt. */
const largeDiskBytes = 1.5e12

type Sizes = Pick<LayoutWishes, 'spares' | 'width'>

/** The class of layout for storage disks (smallest first, at least one) when none is asked for. */
export function chooseClass(disks: readonly LayoutDisk[], wishes: Sizes): LayoutClass {
  const count = disks.length - (wishes.spares ?? 0)
  const kind = { isSolid: disks[0]?.solid_state ?? false, isLarge: Number(disks[0]?.size) > largeDiskBytes, canVary: wishes.spares === undefined }
  if (count <= 6) return classOfFew(count, kind)
  return wishes.width === undefined ? classOfSeven(count, kind) : classOfWidth(wishes.width)
}

/** What the storage disks are, and whether the number of spares is ours to choose. */
interface Kind {
  isSolid: boolean
  isLarge: boolean
  canVary: boolean
}

function classOfFew(count: number, { isSolid, canVary }: Kind): LayoutClass {
  if (count <= 1) return 'single'
  if (count === 2) return 'mirror'
  return count <= 4 || isSolid || !canVary ? 'raidz1' : 'raidz2'
}

/** Seven and more. */
function classOfSeven(count: number, { isSolid, isLarge, canVary }: Kind): LayoutClass {
  const { min, max } = raidzLimits.raidz2
  if (count > 16 || (count > min && isLarge)) return canVary ? 'raidz2' : classOfMany(count)
  if (isSolid && count < max) return 'raidz2'
  return count % 2 === 0 || canVary ? 'mirror' : classOfOdd(count)
}

function classOfWidth(width: number): LayoutClass {
  if (width <= 2) return 'mirror'
  if (width <= raidzLimits.raidz1.max) return 'raidz1'
  return width <= raidzLimits.raidz2.max ? 'raidz2' : 'raidz3'
}

/** Many disks and no spare more or less: what divides them evenly. */
function classOfMany(count: number): LayoutClass {
  const { min, max } = raidzLimits.raidz2
  for (let width = min; width <= max; width += 1) if (count % width === 0) return 'raidz2'
  return count === 13 ? 'raidz3' : 'raidz1'
}

/** 7, 9, 11 are one raidz2; 13 is too wide for that; 15 makes narrow groups. */
function classOfOdd(count: number): LayoutClass {
  if (count === 15) return 'raidz1'
  return count === 13 ? 'raidz3' : 'raidz2'
}
