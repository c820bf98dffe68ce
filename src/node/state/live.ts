import type { DatasetSnapshot } from '#host/storage.ts'
import type { ZoneStatus } from '#host/runtime.ts'

/** What the file system was last seen to say of a machine. */
export interface StorageFacts {
  quota_bytes: number | null
  snapshots: DatasetSnapshot[]
  datasets: string[]
}

export interface Transition {
  target: string
  expire: string
}

export interface LastExit {
  exit_status: number
  exit_timestamp: string
}

/** What is so now and is not stored: running zones, transitions, last read-backs. */
export interface Live {
  status(uuid: string): ZoneStatus | undefined
  isRunning(uuid: string): boolean
  setStatus(status: ZoneStatus): void
  clearStatus(uuid: string): void
  /** A small number no running zone has. */
  nextZoneid(): number
  transition(uuid: string): Transition | undefined
  setTransition(uuid: string, target: string, now: Date): void
  clearTransition(uuid: string): void
  facts(uuid: string): StorageFacts | undefined
  setFacts(uuid: string, facts: StorageFacts): void
  lastExit(uuid: string): LastExit | undefined
  setLastExit(uuid: string, exit: LastExit): void
  /** Resolves true when the zone has ended, false after `timeoutMs`. */
  waitForExit(uuid: string, timeoutMs: number, signal: AbortSignal): Promise<boolean>
  forget(uuid: string): void
}

/** A transition that nobody ended (smartos-node reference 1.7) is dropped after this time. */
const transitionMs = 10 * 60_000

export function createLive(): Live {
  const statuses = new Map<string, ZoneStatus>()
  const transitions = new Map<string, Transition>()
  const facts = new Map<string, StorageFacts>()
  const exits = new Map<string, LastExit>()
  const waiting = new Map<string, Set<() => void>>()
  let lastZoneid = 0

  function clearStatus(uuid: string): void {
    statuses.delete(uuid)
    for (const wake of waiting.get(uuid) ?? []) wake()
  }

  return {
    status: (uuid) => statuses.get(uuid),
    isRunning: (uuid) => statuses.get(uuid)?.stage === 'running',
    setStatus(status) {
      statuses.set(status.uuid, status)
      lastZoneid = Math.max(lastZoneid, status.zoneid)
    },
    clearStatus,
    nextZoneid() {
      lastZoneid += 1
      return lastZoneid
    },
    transition: (uuid) => transitions.get(uuid),
    setTransition: (uuid, target, now) => void transitions.set(uuid, { target, expire: new Date(now.getTime() + transitionMs).toISOString() }),
    clearTransition: (uuid) => void transitions.delete(uuid),
    facts: (uuid) => facts.get(uuid),
    setFacts: (uuid, seen) => void facts.set(uuid, seen),
    lastExit: (uuid) => exits.get(uuid),
    setLastExit: (uuid, exit) => void exits.set(uuid, exit),
    async waitForExit(uuid, timeoutMs, signal) {
      if (!statuses.has(uuid)) return true
      const ended = Promise.withResolvers<boolean>()
      const wake = (): void => ended.resolve(true)
      const giveUp = (): void => ended.resolve(false)
      const waiters = waiting.get(uuid) ?? new Set()
      waiting.set(uuid, waiters.add(wake))
      const timer = setTimeout(giveUp, timeoutMs)
      signal.addEventListener('abort', giveUp, { once: true })
      try {
        return await ended.promise
      } finally {
        clearTimeout(timer)
        signal.removeEventListener('abort', giveUp)
        waiters.delete(wake)
        if (waiters.size === 0) waiting.delete(uuid)
      }
    },
    forget(uuid) {
      clearStatus(uuid)
      transitions.delete(uuid)
      facts.delete(uuid)
      exits.delete(uuid)
    },
  }
}
