import type { BootEnvironment } from '#contracts/platform/boot-environment.ts'

/** Whether the image's boots are used up: the good one is booted in its place. */
export function isGivenUp(environment: BootEnvironment, stamp: string): boolean {
  return environment.default === stamp && environment.good !== undefined && environment.good !== stamp && environment.tries === 0
}

/** Why an image may not be removed, as a sentence with the way out; null when it may. `environments` are those of all boot file systems. */
export function refuseRemoval(stamp: string, running: string | null, environments: readonly BootEnvironment[]): string | null {
  if (stamp === running) return `${stamp} is the running image: activate another one and reboot first.`
  if (environments.some((environment) => environment.good === stamp))
    return `${stamp} is the last good image, which is booted when another fails: boot another one until its health check has passed.`
  if (environments.some((environment) => environment.default === stamp && !isGivenUp(environment, stamp)))
    return `${stamp} is booted next: activate another one first.`
  return null
}

/** Why an image may not be written anew, as a sentence; null when it may. */
export function refuseOverwrite(stamp: string, running: string | null, environments: readonly BootEnvironment[]): string | null {
  if (environments.some((environment) => environment.good === stamp)) return `${stamp} is the last good image; it is never written over.`
  if (stamp === running) return `${stamp} is the running image; it is never written over.`
  return null
}
