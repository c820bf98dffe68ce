/** A file of the kernel's persistent store, as read from /sys/fs/pstore. */
export interface StoredRecord {
  name: string
  text: string
  /** When the kernel wrote it, in ms since 1970. */
  at_ms: number
}

/** The log of one death of a kernel, put together from its records. */
export interface Dump {
  /** As the kernel calls it: `Panic`, `Oops`, `Emergency` … */
  reason: string
  /** The how-manieth of that boot. */
  count: number
  at_ms: number
  text: string
  /** Names of the records it is made of. */
  records: string[]
}

// First line of each record: what happened, and which part of the log this is. Part 1 is the newest.
const heading = /^([A-Za-z ]{1,24})#(\d{1,9}) Part(\d{1,9})\r?\n/
/** Parts of one dump are written within this time. */
const partsWithinMs = 20_000

/** Dumps, oldest first. A record that is no kernel log (a console's, one that could not be unpacked) is a dump of its own. */
export function parseDumps(records: readonly StoredRecord[]): Dump[] {
  const parts = records.map(parsePart).toSorted((a, b) => b.part - a.part)
  const dumps: Dump[] = []
  for (const { record, reason, count, text } of parts) {
    const known = dumps.find((dump) => dump.reason === reason && dump.count === count && Math.abs(dump.at_ms - record.at_ms) < partsWithinMs)
    if (known === undefined || reason === 'Unknown') dumps.push({ reason, count, at_ms: record.at_ms, text, records: [record.name] })
    else {
      known.text += text
      known.records.push(record.name)
    }
  }
  return joinOopses(dumps.toSorted((a, b) => a.at_ms - b.at_ms || a.count - b.count))
}

/** An oops that the kernel did not survive is part of the panic after it. */
function joinOopses(dumps: readonly Dump[]): Dump[] {
  return dumps.flatMap((dump, index) => {
    const next = dumps[index + 1]
    if (dump.reason === 'Oops' && next !== undefined && isDeathOf(dump, next)) return []
    const before = dumps[index - 1]
    if (before?.reason !== 'Oops' || !isDeathOf(before, dump)) return [dump]
    return [{ ...dump, text: `${dump.text}\nThe oops before it:\n${before.text}`, records: [...dump.records, ...before.records] }]
  })
}

function isDeathOf(oops: Dump, { reason, count, at_ms }: Dump): boolean {
  return reason === 'Panic' && count === oops.count + 1 && at_ms - oops.at_ms < partsWithinMs
}

function parsePart(record: StoredRecord): { record: StoredRecord; reason: string; count: number; part: number; text: string } {
  const found = heading.exec(record.text)
  if (found === null) return { record, reason: 'Unknown', count: 1, part: 1, text: `(${record.name})\n${record.text}` }
  return { record, reason: found[1]!, count: Number(found[2]), part: Number(found[3]), text: record.text.slice(found[0].length) }
}

/** Name of the file that keeps a dump: `crash.20261123T234600Z.panic.1`. Sorts as time does. */
export function crashFileName(dump: Dump): string {
  const stamp = new Date(dump.at_ms).toISOString().replace(/[-:]|\.\d+/g, '')
  return `crash.${stamp}.${dump.reason.toLowerCase().replace(/[^a-z]+/g, '-')}.${dump.count}`
}

/** Whether a file of that name is one of ours. */
export function isCrashFile(name: string): boolean {
  return /^crash\.\d{8}T\d{6}Z\.[a-z-]+\.\d+$/.test(name)
}

/** When the crash of that file was, in ISO 8601; the file's name must be one of ours. */
export function crashTime(name: string): string {
  const [, year, month, day, hour, minute, second] = /^crash\.(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/.exec(name) ?? []
  return `${year}-${month}-${day}T${hour}:${minute}:${second}Z`
}

const tellTale = [
  /Kernel panic - not syncing: .*/,
  /PANIC at .*|VERIFY.* failed.*/,
  /BUG: .*|kernel BUG at .*/,
  /general protection fault.*|Oops: .*|Unable to handle kernel .*/,
  /watchdog: .*/,
]
const firstLineMax = 200

/** The line of a kernel's log that says what went wrong, fit for a terminal; the last line when none is known to. */
export function findFirstLine(text: string): string {
  const lines = text.split('\n').map(cleanLine)
  for (const pattern of tellTale) {
    const found = lines.map((line) => pattern.exec(line)?.[0]).find((line) => line !== undefined)
    if (found !== undefined) return found.slice(0, firstLineMax)
  }
  return (lines.findLast((line) => line !== '') ?? '').slice(0, firstLineMax)
}

/** Without the level and time before it, and without what a terminal would obey. */
function cleanLine(line: string): string {
  return line
    .replace(/^<\d+>/, '')
    .replace(/^\[[^\]]*\] /, '')
    .replace(/[^\x20-\x7e]/g, '?')
    .trim()
}

/** Names to remove, oldest first, so that at most `files` and `bytes` are left. */
export function planCrashRemoval(present: readonly { name: string; bytes: number }[], most: { files: number; bytes: number }): string[] {
  const newest = present.toSorted((a, b) => (a.name < b.name ? 1 : -1))
  let bytes = 0
  return newest
    .filter((file, index) => {
      bytes += file.bytes
      return index >= most.files || bytes > most.bytes
    })
    .map((file) => file.name)
    .toReversed()
}
