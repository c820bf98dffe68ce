import type { NodeClient } from '#client/node-client.ts'
import type { BootHealth, BootState, BootTimes } from '#contracts/platform/boot-state.ts'
import { isAppError } from '#contracts/errors.ts'
import type { Operation } from '#contracts/operation/schema.ts'
import { type Guest, type HealthFacts, planAction, planVerdict, type StartFailure, type Verdict } from '#plan/health/verdict.ts'
import type { System } from '../system.ts'
import { messagesOf } from '../messages-of.ts'
import { readUptime } from './times.ts'

/** The part of src/host/boot that the check needs. */
export interface BootMarks {
  /** The image that the pool's disks fall back to; null when none is noted. */
  readGood(): Promise<string | null>
  /** Notes on every disk that this image is good; gives a sentence for each that did not take it. Throws when none did. */
  markHealthy(stamp: string): Promise<string[]>
}

export interface CheckOptions {
  system: System
  node: Pick<NodeClient, 'json'>
  marks: BootMarks
  state: BootState
  /** Without any progress for so long, what is not well counts as bad. */
  timeoutMs: number
  readPoolHealth(): Promise<string | null>
  knownFailing: ReadonlySet<string>
}

export interface CheckResult {
  health: BootHealth
  /** UUIDs of machines that could not be started. */
  failing: string[]
  times: Pick<BootTimes, 'daemon_s' | 'first_guest_s' | 'all_guests_s'>
}

const pollMs = 1000

/** Watches a boot until it is well, or nothing has moved for the time limit; then notes the image as good, or says that the node must go back. */
export async function checkBoot(options: CheckOptions): Promise<CheckResult> {
  const { state, system } = options
  const counted = state.state === 'ready' || state.state === 'failed'
  const watched = state.state === 'ready' ? await watch(options) : unwatched(state)
  const reasons = [...watched.verdict.reasons, ...watched.verdict.pending]
  const good = counted ? await options.marks.readGood().catch(() => null) : null
  let action = planAction({ healthy: reasons.length === 0, counted, stamp: state.stamp, medium: state.medium, good })
  const notes = [...watched.verdict.notes]
  if (action === 'marked') {
    try {
      for (const failure of await options.marks.markHealthy(state.stamp)) notes.push(`A disk was not told that this platform is good: ${failure}`)
    } catch (error) {
      action = 'none'
      notes.push(`This platform could not be noted as good: ${messagesOf(error)}`)
    }
  }
  const guests = { running: watched.guests.filter(isRunning).length, total: watched.guests.length }
  const checked_at = system.context.now().toISOString()
  return {
    health: { stamp: state.stamp, healthy: reasons.length === 0 && counted, reasons, notes, guests, action, checked_at },
    failing: watched.verdict.failing,
    times: watched.times,
  }
}

interface Watched {
  verdict: Verdict
  guests: readonly Guest[]
  times: CheckResult['times']
}

const noTimes = { daemon_s: null, first_guest_s: null, all_guests_s: null }

function unwatched(state: BootState): Watched {
  const reasons = state.state === 'failed' ? [state.reason ?? 'The start of this node failed.'] : []
  return { verdict: { pending: [], reasons, notes: [], failing: [] }, guests: [], times: noTimes }
}

/** Looks once a second. The limit counts from the last change: a node with many machines takes its time. */
async function watch(options: CheckOptions): Promise<Watched> {
  const { system, timeoutMs } = options
  const times: Watched['times'] = { ...noTimes }
  let last = ''
  for (let idleMs = 0; ; idleMs += pollMs) {
    const [facts, uptime] = await Promise.all([readFacts(options), readUptime(system)])
    const verdict = planVerdict(facts)
    const guests = facts.daemon?.guests ?? []
    noteTimes(times, facts, { verdict, uptime })
    const now = JSON.stringify([facts.daemon === null, guests.filter(isRunning).length, verdict.failing.length, verdict.pending.length])
    if (now !== last) idleMs = 0
    last = now
    if (verdict.pending.length === 0 || idleMs >= timeoutMs) return { verdict, guests, times }
    await system.wait(pollMs)
  }
}

function isRunning({ state }: Guest): boolean {
  return state === 'running'
}

function noteTimes(times: Watched['times'], facts: HealthFacts, { verdict, uptime }: { verdict: Verdict; uptime: number }): void {
  if (facts.daemon === null) return
  times.daemon_s ??= uptime
  const boots = facts.daemon.guests.filter(isRunning).map((guest) => (Date.parse(guest.boot_timestamp ?? '') - facts.bootedAtMs) / 1000)
  // The clock may have been set since: what cannot be is not told, but when it was first seen is.
  const sound = boots.filter((seconds) => seconds > 0 && seconds <= uptime)
  if (boots.length > 0) times.first_guest_s ??= round(sound.length > 0 ? Math.min(...sound) : uptime)
  if (boots.length > 0 && verdict.pending.length === 0) times.all_guests_s ??= round(sound.length > 0 ? Math.max(...sound) : uptime)
}

function round(seconds: number): number {
  return Math.round(seconds * 100) / 100
}

async function readFacts(options: CheckOptions): Promise<HealthFacts> {
  const [poolHealth, daemon, uptime] = await Promise.all([options.readPoolHealth(), readDaemon(options), readUptime(options.system)])
  return { poolHealth, daemon, knownFailing: options.knownFailing, bootedAtMs: options.system.context.now().getTime() - uptime * 1000 }
}

const fields = 'uuid,alias,brand,state,autoboot,boot_timestamp,exit_timestamp'

async function readDaemon({ node }: CheckOptions): Promise<HealthFacts['daemon']> {
  try {
    const [status, guests, operations] = await Promise.all([
      node.json<{ settled?: boolean }>('node.status'),
      node.json<Guest[]>('machine.list', { query: { fields } }),
      node.json<Operation[]>('operation.list'),
    ])
    return { settled: status.settled !== false, guests, failures: failuresOf(operations) }
  } catch (error) {
    // Not there yet, or not answering in time: both are seen again a second later.
    if (isAppError(error)) return null
    throw error
  }
}

function failuresOf(operations: readonly Operation[]): Map<string, StartFailure> {
  const failures = new Map<string, StartFailure>()
  for (const { kind, state, subject, error, message } of operations)
    if (kind === 'machine.start' && state === 'failed') failures.set(subject, { code: error?.code ?? 'Internal', message: error?.message ?? message })
  return failures
}
