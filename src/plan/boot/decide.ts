import type { BootEnvironment } from '#contracts/platform/boot-environment.ts'
import { bootTries } from '#contracts/platform/names.ts'

/** What a boot does. */
export interface BootDecision {
  /** The image that is booted; null when there is none. */
  stamp: string | null
  /** The image in whose place it is booted: its boots were used up. */
  failed?: string
  /** One of the image's boots was taken off in `environment`. A boot that cannot write it down takes the good image. */
  counted: boolean
  /** What is written before the image starts. */
  environment: BootEnvironment
}

/**
 * The boot menu's decision (platform/grub/grub.cfg says the same in GRUB's words). `whole` are the stamps of the images that
 * are there with all their files.
 */
export function decideBoot(environment: BootEnvironment, whole: readonly string[]): BootDecision {
  const good = presentOf(environment.good, whole)
  const chosen = presentOf(environment.default, whole) ?? good
  if (chosen === undefined) return { stamp: newestOf(whole), counted: false, environment }
  if (good === undefined || chosen === good) return { stamp: chosen, counted: false, environment }
  if (environment.tries > 0) return { stamp: chosen, counted: true, environment: { ...environment, tries: environment.tries - 1 } }
  return { stamp: good, failed: chosen, counted: false, environment: { ...environment, failed: chosen } }
}

function presentOf(stamp: string | undefined, whole: readonly string[]): string | undefined {
  return stamp !== undefined && whole.includes(stamp) ? stamp : undefined
}

/** The newest of some stamps; they sort as time does. */
export function newestOf(stamps: readonly string[]): string | null {
  return stamps.toSorted().at(-1) ?? null
}

/** A boot whose health check passed: its image, and the one in whose place it was booted. */
export interface HealthyBoot {
  stamp: string
  failed?: string
}

/**
 * The environment after a healthy boot. An image that somebody picked by hand in the menu does not become the good one while
 * another is the default: the default would be taken for a failed one at the next boot.
 */
export function planHealthy(environment: BootEnvironment, { stamp, failed }: HealthyBoot): BootEnvironment {
  if (failed !== undefined && environment.default === failed) return { default: stamp, good: stamp, tries: 0, failed }
  if (environment.default === stamp || environment.default === undefined) return { ...withoutFailed(environment, stamp), default: stamp, good: stamp, tries: 0 }
  return environment.good === undefined ? { ...environment, good: stamp } : environment
}

/** The environment in which the next boot takes `stamp`: a trial, unless it is the good one. `tries` are its boots. */
export function planActivate(environment: BootEnvironment, stamp: string, tries: number = bootTries): BootEnvironment {
  return { ...withoutFailed(environment, stamp), default: stamp, tries: stamp === environment.good ? 0 : tries }
}

/** The environment once `stamp` is to be removed: what was given up is no longer the default. */
export function planForget(environment: BootEnvironment, stamp: string): BootEnvironment {
  const forgotten = withoutFailed(environment, stamp)
  if (environment.default !== stamp || environment.good === undefined) return forgotten
  return { ...forgotten, default: environment.good, tries: 0 }
}

function withoutFailed(environment: BootEnvironment, stamp: string): BootEnvironment {
  if (environment.failed !== stamp) return environment
  const { failed: _, ...rest } = environment
  return rest
}
