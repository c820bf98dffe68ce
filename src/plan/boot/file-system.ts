import type { BootEnvironment } from '#contracts/platform/boot-environment.ts'
import { decideBoot, newestOf } from './decide.ts'

/** One image directory of a boot file system. */
export interface PresentImage {
  stamp: string
  /** What removing it gives back. */
  bytes: number
  /** False for what a killed install left behind, or a file that is not what its checksum says. */
  whole: boolean
}

export interface BootFileSystemFacts {
  images: readonly PresentImage[]
  freeBytes: number
  environment: BootEnvironment
}

export interface BootFileSystemWanted {
  /** How the environment shall be in the end. */
  environment: BootEnvironment
  /** Images that can be copied, with their size; also what stays of those that are there. */
  available: ReadonlyMap<string, number>
  /** Shall be there beside the default and the good one; without it the plan is refused. */
  also?: string
  /** Shall go. */
  forget?: string
  running: string | null
}

/** A change of one boot file system. Each is done before the next begins, as a power cut may come after any. */
export type BootStep =
  | { kind: 'image.remove'; stamp: string }
  | { kind: 'image.copy'; stamp: string }
  | { kind: 'environment.write'; environment: BootEnvironment }

export type BootPlan = { steps: BootStep[]; left_out: string[] } | { refusal: string; needBytes: number }

/** Directories and the last cluster of each file. */
const marginBytes = 2 << 20

/**
 * Steps that bring a boot file system to what is wanted: the default and the good image are there, others as they fit,
 * the running one first, then newer before older. The good image that is there is never touched. What lies there and is not on the pool
 * (`available`) stays as long as there is room. `left_out` are available images that do not fit.
 */
export function planBootFileSystem(facts: BootFileSystemFacts, wanted: BootFileSystemWanted): BootPlan {
  const whole = facts.images.filter((image) => image.whole).map((image) => image.stamp)
  const needed = neededOf(facts, wanted)
  const missing = needed.filter((stamp) => !whole.includes(stamp))
  const lost = missing.find((stamp) => !wanted.available.has(stamp))
  if (lost !== undefined) return { refusal: `the image ${lost} is nowhere whole to be copied from`, needBytes: 0 }
  if (wanted.forget !== undefined && needed.includes(wanted.forget)) return { refusal: `${wanted.forget} is the image it boots`, needBytes: 0 }
  const broken = facts.images.filter((image) => !image.whole)
  const sizeOf = (stamp: string): number => wanted.available.get(stamp) ?? 0
  const needBytes = missing.reduce((sum, stamp) => sum + sizeOf(stamp) + marginBytes, 0)
  let room = facts.freeBytes + broken.reduce((sum, image) => sum + image.bytes, 0) - needBytes
  const removed: string[] = []
  for (const image of dispensable(facts, needed, wanted)) {
    if (room >= 0 && image.stamp !== wanted.forget) continue
    removed.push(image.stamp)
    room += image.bytes
  }
  if (room < 0) return { refusal: `there is no room: ${mebibytes(-room)} MiB are missing`, needBytes }
  const further = extras({ whole, needed, wanted, removed }, room)
  const steps = [...removals(facts, broken, removed), ...[...missing, ...further.copied].map((stamp): BootStep => ({ kind: 'image.copy', stamp }))]
  return { steps: [...steps, { kind: 'environment.write', environment: wanted.environment }], left_out: further.leftOut }
}

function neededOf(facts: BootFileSystemFacts, { environment, also }: BootFileSystemWanted): string[] {
  // What is good here now stays until the environment says otherwise; without one, what would be booted: a power cut may come.
  const whole = facts.images.filter((image) => image.whole).map((image) => image.stamp)
  const good = whole.find((stamp) => stamp === facts.environment.good)
  const stays = good ?? decideBoot(facts.environment, whole).stamp ?? undefined
  return [...new Set([environment.good, environment.default, stays, also].filter((stamp) => stamp !== undefined))]
}

/** Whole images that may go, the first to go first: what may go at all, then older ones, the running one last. */
function dispensable(facts: BootFileSystemFacts, needed: readonly string[], { forget, running }: BootFileSystemWanted): PresentImage[] {
  const rank = (stamp: string): string => `${stamp === forget ? 0 : stamp === running ? 2 : 1}${stamp}`
  return facts.images.filter((image) => image.whole && !needed.includes(image.stamp)).toSorted((a, b) => (rank(a.stamp) < rank(b.stamp) ? -1 : 1))
}

/** The default is taken back to the good one before its files go. */
function removals(facts: BootFileSystemFacts, broken: readonly PresentImage[], removed: readonly string[]): BootStep[] {
  const { environment } = facts
  const goes = [...broken.map((image) => image.stamp), ...removed]
  const loses = environment.default !== undefined && goes.includes(environment.default) && environment.good !== undefined && !goes.includes(environment.good)
  const first: BootStep[] = loses ? [{ kind: 'environment.write', environment: { ...environment, default: environment.good!, tries: 0 } }] : []
  return [...first, ...goes.map((stamp): BootStep => ({ kind: 'image.remove', stamp }))]
}

interface Chosen {
  whole: readonly string[]
  needed: readonly string[]
  wanted: BootFileSystemWanted
  removed: readonly string[]
}

/** Images beyond the needed ones, while there is room: the running one, then the newest. */
function extras({ whole, needed, wanted, removed }: Chosen, room: number): { copied: string[]; leftOut: string[] } {
  const candidates = [...wanted.available.keys()].filter((stamp) => !whole.includes(stamp) && !needed.includes(stamp) && stamp !== wanted.forget)
  const copied: string[] = []
  let left = room
  for (let rest = candidates; rest.length > 0;) {
    const next = wanted.running !== null && rest.includes(wanted.running) ? wanted.running : newestOf(rest)!
    rest = rest.filter((stamp) => stamp !== next)
    const bytes = (wanted.available.get(next) ?? 0) + marginBytes
    if (bytes > left) continue
    left -= bytes
    copied.push(next)
  }
  const gone = removed.filter((stamp) => stamp !== wanted.forget)
  return { copied, leftOut: [...candidates.filter((stamp) => !copied.includes(stamp)), ...gone] }
}

function mebibytes(bytes: number): number {
  return Math.ceil(bytes / (1 << 20))
}
