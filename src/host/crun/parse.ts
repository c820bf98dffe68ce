import { constants } from 'node:os'
import { z } from 'zod'
import { AppError } from '#contracts/errors.ts'
import type { ZoneExit } from '#host/runtime.ts'

/** What a keeper says; see native/keeper.c. */
export type KeeperLine =
  | { kind: 'keeper'; pid: number; stage: 'prepared' | 'launching' | 'running'; init: number; started_at: string | null }
  | { kind: 'running'; init: number; started_at: string }
  | { kind: 'exit'; exit_status: number; exit_timestamp: string }
  | { kind: 'ok' }
  | { kind: 'failed'; text: string }

/** One line of a keeper; anything else is an error of ours and told as `failed`. */
export function parseKeeperLine(line: string): KeeperLine {
  const [kind, first = '', second = ''] = line.split(' ')
  if (kind === 'ok') return { kind }
  if (kind === 'running') return { kind, init: Number(first), started_at: second }
  if (kind === 'exit') return { kind, exit_status: Number(first), exit_timestamp: second }
  if (kind === 'failed') return { kind, text: line.slice('failed '.length) }
  return parseGreeting(line) ?? { kind: 'failed', text: `the keeper said ${JSON.stringify(line)}` }
}

function parseGreeting(line: string): KeeperLine | null {
  const parts = /^keeper (\d+) (prepared|launching|running) (\d+) (\S+)$/.exec(line)
  if (parts === null) return null
  const [, pid, stage, init, started] = parts
  return {
    kind: 'keeper',
    pid: Number(pid),
    stage: stage as 'prepared' | 'launching' | 'running',
    init: Number(init),
    started_at: started === '-' ? null : started!,
  }
}

/** Our own note of a zone in its run directory, for the daemon that adopts it. `cgroup2`: directory that a program must join before crun. */
export const ZoneNote = z.object({ uuid: z.string(), zoneid: z.number(), cgroup2: z.string().nullable() })
export type ZoneNote = z.infer<typeof ZoneNote>

const ExitNote = z.object({ exit_status: z.number(), exit_timestamp: z.string() })

/** The keeper's note of how init ended; null when there is none or it was cut. */
export function parseExit(uuid: string, text: string | null): ZoneExit | null {
  if (text === null) return null
  try {
    return { uuid, ...ExitNote.parse(JSON.parse(text)) }
  } catch {
    // Half a note is no note: the zone counts as orphaned and is removed.
    return null
  }
}

/** First real-time signal as the C library counts, which is what systemd means by SIGRTMIN+3. */
const sigrtmin = 34

/** Number of a signal: 15, `15`, `SIGTERM`, `TERM`, `SIGRTMIN+3`. InvalidPayload when there is none. */
export function parseSignal(signal: string | number): number {
  const text = String(signal).toUpperCase().replace(/^SIG/, '')
  const realtime = /^RTMIN(?:\+(\d{1,2}))?$/.exec(text)
  const known = constants.signals as Record<string, number>
  const number = realtime === null ? (known[`SIG${text}`] ?? Number(text)) : sigrtmin + Number(realtime[1] ?? 0)
  if (!Number.isInteger(number) || number < 1 || number > 64) throw new AppError('InvalidPayload', `There is no signal ${signal}.`)
  return number
}

/** Hard limits of a process from the text of /proc/PID/limits; unlimited is a very large number. */
export function parseHardLimit(limits: string, name: 'Max open files' | 'Max locked memory'): number {
  const line = limits.split('\n').find((one) => one.startsWith(name))
  const hard = line?.slice(name.length).trim().split(/\s+/)[1]
  return hard === undefined || hard === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(hard)
}
