import type { Socket } from 'node:net'
import type { ZoneExit } from '#host/runtime.ts'
import { KeeperLink } from './keeper-link.ts'
import type { ZoneNote } from './parse.ts'

/** A living keeper and what we noted of its zone. */
export interface Kept {
  link: KeeperLink
  note: ZoneNote
}

/** The keepers that this process is connected to. */
export interface Keepers {
  /** Takes a new keeper in; resolves when it has said hello. */
  add(note: ZoneNote, channel: Socket): Promise<Kept>
  /** The living keeper of a zone, connected to now if it was not; null when none lives. */
  find(uuid: string): Promise<Kept | null>
  /** The same without connecting. */
  peek(uuid: string): Kept | null
  onExit(listener: (exit: ZoneExit) => void): () => void
}

/** `connect` finds a keeper that an earlier daemon started; null when none lives. */
export function createKeepers(connect: (uuid: string) => Promise<{ channel: Socket; note: ZoneNote } | null>): Keepers {
  const known = new Map<string, Kept>()
  const connecting = new Map<string, Promise<Kept | null>>()
  const listeners = new Set<(exit: ZoneExit) => void>()

  async function add(note: ZoneNote, channel: Socket): Promise<Kept> {
    const { uuid } = note
    const link = new KeeperLink(uuid, channel, (exit) => {
      if (known.get(uuid)?.link === link) known.delete(uuid)
      if (exit !== null) for (const listener of listeners) listener({ uuid, ...exit })
    })
    await link.greet()
    const kept = { link, note }
    known.set(uuid, kept)
    return kept
  }

  async function adopt(uuid: string): Promise<Kept | null> {
    const found = await connect(uuid)
    // A keeper that ends while we say hello is none.
    return found === null ? null : await add(found.note, found.channel).catch(() => null)
  }

  return {
    add,
    peek: (uuid) => known.get(uuid) ?? null,
    async find(uuid) {
      const kept = known.get(uuid)
      if (kept !== undefined) return kept
      // Two at once would make two connections, and tell an exit twice.
      const pending = connecting.getOrInsertComputed(uuid, async () => await adopt(uuid).finally(() => connecting.delete(uuid)))
      return await pending
    },
    onExit(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
