import { readFile } from 'node:fs/promises'

export interface Mount {
  mountpoint: string
  /** What of the file system is mounted: `/` for the whole. */
  root: string
  type: string
  /** Device or name, `/dev/loop0`. */
  source: string
}

/** Reads /proc/PID/mountinfo (proc(5)): `ID PARENT MAJ:MIN ROOT MOUNTPOINT OPTIONS [TAGS] - TYPE SOURCE OPTIONS`, blanks as \040. */
export function parseMountInfo(text: string): Mount[] {
  const mounts: Mount[] = []
  for (const line of text.split('\n')) {
    const [before, after] = line.split(' - ')
    const head = before?.split(' ') ?? []
    const tail = after?.split(' ') ?? []
    if (head.length < 6 || tail.length < 2) continue
    mounts.push({ root: unescapeOctal(head[3]!), mountpoint: unescapeOctal(head[4]!), type: tail[0]!, source: unescapeOctal(tail[1]!) })
  }
  return mounts
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}

/** The uppermost mount at a path; null when there is none. */
export async function readMountAt(mountpoint: string): Promise<Mount | null> {
  const mounts = parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8'))
  return mounts.findLast((mount) => mount.mountpoint === mountpoint) ?? null
}
