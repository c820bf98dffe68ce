import type { ErrorCode } from '#contracts/errors.ts'

/** A machine as the health check sees it; names as in `vmadm get`. */
export interface Guest {
  uuid: string
  alias?: string
  brand: string
  state: string
  autoboot: boolean
  boot_timestamp?: string
  exit_timestamp?: string
}

/** Why a machine could not be started. */
export interface StartFailure {
  code: ErrorCode
  message: string
}

export interface HealthFacts {
  /** As ZFS says it: ONLINE, DEGRADED …; null when there is no pool. */
  poolHealth: string | null
  /** null while the daemon does not answer. */
  daemon: {
    /** What starts with the node has been started, or could not be. */
    settled: boolean
    guests: readonly Guest[]
    failures: ReadonlyMap<string, StartFailure>
  } | null
  /** Machines that could not start under the last good image either. */
  knownFailing: ReadonlySet<string>
  /** Epoch milliseconds of the kernel's start. */
  bootedAtMs: number
}

export interface Verdict {
  /** Sentences: what may still become well. Healthy only when there are none, and no `reasons`. */
  pending: string[]
  /** Sentences: what is wrong and stays so. */
  reasons: string[]
  /** Sentences about machines that do not run through no fault of the platform. */
  notes: string[]
  /** UUIDs of machines that could not be started, whoever's fault it is. */
  failing: string[]
}

/** Failures that come from a machine's own settings or data, whatever platform runs. */
const ownFaults: ReadonlySet<ErrorCode> = new Set([
  'AddressConflict',
  'DatasetNotFound',
  'ImageInvalid',
  'ImageNotFound',
  'InvalidPayload',
  'InvalidState',
  'NicTagNotFound',
  'NoSpace',
  'StateCorrupt',
])

/** Judges a boot by what is seen of it at one moment. */
export function planVerdict(facts: HealthFacts): Verdict {
  const verdict: Verdict = { pending: [], reasons: [], notes: [], failing: [] }
  if (facts.poolHealth === null) verdict.reasons.push('The system pool is not imported.')
  else if (facts.poolHealth !== 'ONLINE' && facts.poolHealth !== 'DEGRADED') verdict.reasons.push(`The system pool is ${facts.poolHealth}.`)
  if (facts.daemon === null) verdict.pending.push('The node daemon does not answer.')
  else for (const guest of facts.daemon.guests) judgeGuest(guest, facts, verdict)
  return verdict
}

function judgeGuest(guest: Guest, facts: HealthFacts, verdict: Verdict): void {
  const { settled, failures } = facts.daemon!
  const name = guest.alias ?? guest.uuid
  if (!guest.autoboot || guest.state === 'running' || ['failed', 'receiving', 'provisioning'].includes(guest.state)) return
  const failure = failures.get(guest.uuid)
  if (failure !== undefined) {
    verdict.failing.push(guest.uuid)
    const what = `The machine ${name} could not be started: ${failure.message}`
    if (isOwnFault(guest, failure, facts)) verdict.notes.push(what)
    else verdict.reasons.push(what)
  } else if (Date.parse(guest.exit_timestamp ?? '') >= facts.bootedAtMs) verdict.notes.push(`The machine ${name} has ended by itself.`)
  else if (settled) verdict.notes.push(`The machine ${name} is ${guest.state}.`)
  else verdict.pending.push(`The machine ${name} does not run yet.`)
}

/** The platform is not to blame when another machine of that kind runs, or when this one failed under the last good image too. */
function isOwnFault(guest: Guest, failure: StartFailure, { daemon, knownFailing }: HealthFacts): boolean {
  if (ownFaults.has(failure.code) || knownFailing.has(guest.uuid)) return true
  return daemon!.guests.some(({ brand, state }) => brand === guest.brand && state === 'running')
}

export interface ActionFacts {
  healthy: boolean
  /** Whether this boot was meant to run guests, and not a rescue, a set-up or a standby. */
  counted: boolean
  stamp: string
  medium: string
  /** The image the pool's disks fall back to; null when none is noted. */
  good: string | null
}

/** Media whose loader counts boots and that can be written to. */
const countingMedia = new Set(['disk', 'usb'])

/** What follows for the image. A boot over the network or from a CD says nothing about what the disks have. */
export function planAction({ healthy, counted, stamp, medium, good }: ActionFacts): 'marked' | 'none' | 'reboot' {
  if (!counted || stamp === '' || !countingMedia.has(medium)) return 'none'
  if (healthy) return 'marked'
  return good !== null && good !== stamp ? 'reboot' : 'none'
}
