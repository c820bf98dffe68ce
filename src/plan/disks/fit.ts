import type { LayoutWishes, NoLayout } from './layout.ts'

/** Disks in each group, and disks set aside. */
export interface Fit {
  width: number
  spares: number
}

type Raidz = 'raidz1' | 'raidz2' | 'raidz3'
type Sizes = Pick<LayoutWishes, 'spares' | 'width'>

/** Widths considered unless one is asked for, and the disks per spare (two at most). */
export const raidzLimits: Record<Raidz, { min: number; max: number; disks_per_spare: number }> = {
  raidz1: { min: 3, max: 6, disks_per_spare: 7 },
  raidz2: { min: 7, max: 12, disks_per_spare: 12 },
  raidz3: { min: 9, max: 20, disks_per_spare: 15 },
}

/** Numbers of disks that are too few for the limits but are allowed as one group. */
const narrow: Partial<Record<Raidz, readonly number[]>> = { raidz2: [5, 6], raidz3: [7, 8] }

/** Without wishes: pairs. */
export function fitMirror(count: number, { spares, width }: Sizes): Fit | NoLayout {
  if (count < 2) return { error: 'at least 2 disks are required for mirroring' }
  const left = count - (spares ?? 0)
  if (left <= 0) return invalidSpares(count, spares ?? 0)
  if (width === undefined) return fitPairs(count, spares)
  if (width < 2 || width > left) return { error: `${width} is an invalid width for mirroring and ${left} disks` }
  return { width, spares: spares ?? count % width }
}

function fitPairs(count: number, spares = chooseMirrorSpares(count)): Fit | NoLayout {
  // SmartOS makes a mirror of the one disk that an odd number leaves, which ZFS then refuses.
  return (count - spares) % 2 === 0 ? { width: 2, spares } : invalidSpares(count, spares)
}

/** None of 2 or 4 disks, else one in 16 and the one that is left without a twin. */
function chooseMirrorSpares(count: number): number {
  if (count === 2 || count === 4) return 0
  const least = Math.ceil(count / 16)
  return least + ((count - least) % 2)
}

function invalidSpares(count: number, spares: number): NoLayout {
  return { error: `${spares} is an invalid number of spares for ${count} disks` }
}

/** The narrowest width that uses up all disks but the spares; spares are added until one does, unless their number is asked for. */
export function fitRaidz(count: number, layout: Raidz, wishes: Sizes): Fit | NoLayout {
  const limits = raidzLimits[layout]
  const range = narrow[layout]?.includes(count) ? { min: count, max: count } : limits
  const type = layout === 'raidz1' ? 'raidz' : layout
  const spares = wishes.spares ?? Math.min(2, Math.floor(count / limits.disks_per_spare))
  if (wishes.width !== undefined) return checkWidth(count, type, range, { width: wishes.width, spares: wishes.spares })
  for (let aside = spares; count - aside >= range.min; aside += 1) {
    for (let width = range.min; width <= range.max; width += 1) if ((count - aside) % width === 0) return { width, spares: aside }
    if (wishes.spares !== undefined)
      return { error: `no acceptable ${type} layout is possible with ${count} disks and ${aside} ${aside === 1 ? 'spare' : 'spares'}` }
  }
  return { error: `no acceptable ${type} layout is possible with ${count} disks` }
}

/** A width that is asked for may be above the limit. */
function checkWidth(
  count: number,
  type: string,
  range: { min: number; max: number },
  { width, spares }: { width: number; spares: number | undefined },
): Fit | NoLayout {
  if (width < range.min || width > count) {
    return { error: `${width} is an invalid width for ${type} and ${count} disks (min: ${range.min}, default max: ${range.max})` }
  }
  const aside = spares ?? count % width
  if (count - aside < width) return { error: `${width} is an invalid width for ${type} and ${aside} spares` }
  return { width, spares: aside }
}
