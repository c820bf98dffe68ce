import { join } from 'node:path'
import type { MachineEvent } from '#contracts/machine/event.ts'
import type { Machine } from '#contracts/machine/record.ts'
import type { Log } from '#host/context.ts'
import { diffJson } from '#lib/diff.ts'
import { openSequence } from './sequence.ts'

/**
 * Changes of machines as they are seen, with exact differences, numbered by a sequence that outlives restarts.
 */
export interface Feed {
  /** Compares with what was published last and tells the difference; nothing when there is none. */
  publish(uuid: string, machine: Machine | null, at: Date): void
  last(uuid: string): Machine | undefined
  seq(): number
  /** `ready`, or what was missed since `since` when it is still kept, then every event until the signal. */
  follow(since: number | undefined, signal: AbortSignal, at: Date): AsyncGenerator<MachineEvent>
}

/** What names an item of a machine's lists, so that the order of others does not look like a change. */
const itemKeys = { nics: 'mac', snapshots: 'name', filesystems: 'target' }
type Follower = (event: MachineEvent) => void

const keptEvents = 5_000
/** A follower that reads nothing while this many events pass is dropped; it can resume by its last number. */
const maxBacklog = 10_000

export async function openFeed(directory: string, log: Log): Promise<Feed> {
  const sequence = await openSequence(join(directory, 'event-seq.json'), (error) => log.error({ err: error }, 'cannot reserve event numbers'))
  const published = new Map<string, Machine>()
  const kept: MachineEvent[] = []
  const followers = new Set<Follower>()

  function tell(event: MachineEvent): void {
    kept.push(event)
    if (kept.length > keptEvents) kept.shift()
    for (const follower of followers) follower(event)
  }

  function publish(uuid: string, machine: Machine | null, at: Date): void {
    const before = published.get(uuid)
    const shown = machine ?? before
    if (shown === undefined) return
    const type = before === undefined ? 'create' : machine === null ? 'delete' : 'modify'
    const changes = before !== undefined && machine !== null ? diffJson(before, machine, itemKeys) : []
    if (type === 'modify' && changes.length === 0) return
    if (machine === null) published.delete(uuid)
    else published.set(uuid, machine)
    tell({ type, seq: sequence.next(), date: at.toISOString(), zonename: shown.zonename, uuid, vm: shown, changes })
  }

  return {
    publish,
    last: (uuid) => published.get(uuid),
    seq: () => sequence.current(),
    async *follow(since, signal, at) {
      const oldest = kept[0]?.seq ?? sequence.current() + 1
      const resumes = since !== undefined && since + 1 >= oldest && since <= sequence.current()
      const ready: MachineEvent = { type: 'ready', seq: sequence.current(), date: at.toISOString(), vms: Object.fromEntries(published) }
      yield* followFrom(resumes ? kept.filter((event) => event.seq > since) : [ready], followers, signal)
    },
  }
}

/** The first events, then every one that is told, until the signal or until the reader is hopelessly behind. */
async function* followFrom(first: MachineEvent[], followers: Set<Follower>, signal: AbortSignal): AsyncGenerator<MachineEvent> {
  const backlog = [...first]
  let wake = Promise.withResolvers<void>()
  const follower: Follower = (event) => {
    backlog.push(event)
    wake.resolve()
  }
  const onAbort = (): void => wake.resolve()
  followers.add(follower)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    while (!signal.aborted && backlog.length <= maxBacklog) {
      const event = backlog.shift()
      if (event !== undefined) {
        yield event
        continue
      }
      await wake.promise
      wake = Promise.withResolvers()
    }
  } finally {
    followers.delete(follower)
    signal.removeEventListener('abort', onAbort)
  }
}
