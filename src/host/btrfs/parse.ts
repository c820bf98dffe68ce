import type { GroupId } from './argv.ts'

export interface GroupRow {
  group: GroupId
  exclusive_bytes: number
  /** null: no limit. */
  limit_bytes: number | null
  parents: GroupId[]
  members: number
  /** Of level 0: path of the subvolume below the pool, or btrfs's `<…>` words for one that has none. */
  path: string
}

/** `15/4711` → its numbers; null for anything else. */
export function parseGroup(text: string): GroupId | null {
  const match = /^(\d+)\/(\d+)$/.exec(text)
  return match === null ? null : { level: Number(match[1]), number: Number(match[2]) }
}

/**
 * Reads `btrfs qgroup show --raw -pcre`: columns qgroupid, rfer, excl, max_rfer, max_excl, parent, child, path
 * (progs 6.2 to 6.14). Lines that do not begin with a group are headings.
 */
export function parseGroupTable(text: string): GroupRow[] {
  const rows: GroupRow[] = []
  for (const line of text.split('\n')) {
    const match = /^(\d+\/\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s*(.*?)\s*$/.exec(line)
    const group = match === null ? null : parseGroup(match[1]!)
    if (match === null || group === null) continue
    rows.push({
      group,
      exclusive_bytes: Number(match[3]),
      limit_bytes: /^\d+$/.test(match[5]!) ? Number(match[5]) : null,
      parents: match[6]!
        .split(',')
        .map(parseGroup)
        .filter((parent) => parent !== null),
      members: match[7] === '-' ? 0 : match[7]!.split(',').length,
      path: match[8]!,
    })
  }
  return rows
}

export interface SubvolumeRow {
  id: number
  /** Below the pool. */
  path: string
}

/** Reads `btrfs subvolume list`: `ID 256 gen 9 top level 5 path img`. */
export function parseSubvolumeList(text: string): SubvolumeRow[] {
  const rows: SubvolumeRow[] = []
  for (const line of text.split('\n')) {
    const match = /^ID (\d+) gen \d+ top level \d+ path (.+)$/.exec(line)
    if (match !== null) rows.push({ id: Number(match[1]), path: match[2]! })
  }
  return rows
}

/** Reads of `btrfs subvolume show` the id, and whether the subvolume was received to its end (it has a received UUID and is read-only). */
export function parseSubvolumeShow(text: string): { id: number; received: boolean } | null {
  const id = /^\s*Subvolume ID:\s*(\d+)\s*$/m.exec(text)
  if (id === null) return null
  const received = /^\s*Received UUID:\s*[0-9a-f-]{36}\s*$/m.test(text) && /^\s*Flags:\s*.*readonly/m.test(text)
  return { id: Number(id[1]), received }
}

/** Bytes of the start of a stream that `parseStreamKind` needs. */
export const streamHeadBytes = 27

/**
 * Kind of a btrfs send stream by its head: the magic `btrfs-stream\0`, a 4-byte version, then the first command
 * (4 bytes length, 2 bytes kind, 4 bytes checksum): 1 makes a subvolume (full), 2 a snapshot (incremental).
 */
export function parseStreamKind(head: Uint8Array): 'full' | 'incremental' | null {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength)
  if (bytes.length < streamHeadBytes || bytes.toString('latin1', 0, 13) !== 'btrfs-stream\0') return null
  const command = bytes.readUInt16LE(21)
  if (command === 1) return 'full'
  return command === 2 ? 'incremental' : null
}
