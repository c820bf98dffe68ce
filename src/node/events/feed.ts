import { join } from 'node:path'
import type { MachineEvent } from '#contracts/machine/event.ts'
import type { Machine } from '#contracts/machine/record.ts'
import { readJsonFile, writeFileAtomic } from '#host/fs/atomic.ts'
import { diffJson } from '#lib/diff.ts'

/**
 * Changes of machines as they are seen, with exact differences. Sequence numbers never go back: the
 * next block of them is reserved on disk before it is used, so a restart skips numbers but reuses none.
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
const blockSize = 10_000
const keptEvents = 5_000
/** A follower that reads nothing while this many events pass is dropped; it can resume by its last number. */
const maxBacklog = 10_000

export async function openFeed(directory: string): Promise<Feed> {
  const path = join(directory, 'event-seq.json')
  const stored = (await readJsonFile(path)) as { reserved?: number } | null
  let seq = stored?.reserved ?? 0
  let reserved = seq
  const reserve = async (): Promise<void> => {
    reserved += blockSize
    await writeFileAtomic(path, `${JSON.stringify({ reserved })}\n`)
  }
  await reserve()

  const published = new Map<string, Machine>()
  const kept: MachineEvent[] = []
  const followers = new Set<(event: MachineEvent) => void>()

  function tell(event: MachineEvent): void {
    kept.push(event)
    if (kept.length > keptEvents) kept.shift()
    if (seq > reserved - blockSize / 2) void reserve()
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
    seq += 1
    tell({ type, seq, date: at.toISOString(), zonename: shown.zonename, uuid, vm: shown, changes })
  }

  async function* follow(since: number | undefined, signal: AbortSignal, at: Date): AsyncGenerator<MachineEvent> {
    const backlog: MachineEvent[] = []
    let wake = Promise.withResolvers<void>()
    const follower = (event: MachineEvent): void => {
      backlog.push(event)
      wake.resolve()
    }
    const oldest = kept[0]?.seq ?? seq + 1
    if (since !== undefined && since + 1 >= oldest && since <= seq) backlog.push(...kept.filter((event) => event.seq > since))
    else backlog.push({ type: 'ready', seq, date: at.toISOString(), vms: Object.fromEntries(published) })
    followers.add(follower)
    const onAbort = (): void => wake.resolve()
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

  return { publish, last: (uuid) => published.get(uuid), seq: () => seq, follow }
}
