import { AppError } from '#contracts/errors.ts'
import { silentLog } from '#host/context.ts'
import type { Mount } from '#host/pool/mounts.ts'
import type { RunResult } from '#host/run/run.ts'
import type { System } from './system.ts'

/** What a program of the fake answers: its output, or an exit code, or an error thrown. */
export type Answer = string | number | Error

export interface FakeSystem extends System {
  files: Map<string, string>
  mounts: Map<string, string>
  /** Command lines so far, with blanks between. */
  ran: string[]
  waitedMs: number
}

/** A machine in memory. `answers` are looked up by the longest beginning of the command line; without one a program succeeds silently. */
export function createFakeSystem(options: { files?: Record<string, string>; answers?: Record<string, Answer> } = {}): FakeSystem {
  const files = new Map(Object.entries(options.files ?? {}))
  const mounts = new Map<string, string>()
  const ran: string[] = []
  const answers = options.answers ?? {}
  const fake: FakeSystem = {
    files,
    mounts,
    ran,
    waitedMs: 0,
    context: { signal: new AbortController().signal, log: silentLog, now: () => new Date(Date.UTC(2026, 10, 23) + fake.waitedMs) },
    async run(argv, { okCodes = [0] } = {}): Promise<RunResult> {
      const line = argv.join(' ')
      ran.push(line)
      const [key] = Object.keys(answers)
        .filter((start) => line.startsWith(start))
        .sort((a, b) => b.length - a.length)
      const answer = key === undefined ? '' : answers[key]!
      if (answer instanceof Error) throw answer
      const exitCode = typeof answer === 'number' ? answer : 0
      if (!okCodes.includes(exitCode)) throw new AppError('CommandFailed', `The program ${argv[0]} failed.`)
      if (exitCode === 0) applyMount(argv, { mounts, files })
      return { stdout: typeof answer === 'string' ? answer : '', stderr: '', exitCode }
    },
    read: async (path) => files.get(path) ?? null,
    async list(path) {
      const below = [...files.keys()].filter((file) => file.startsWith(`${path}/`)).map((file) => file.slice(path.length + 1).split('/')[0]!)
      return [...new Set(below)]
    },
    async write(path, text) {
      files.set(path, text)
    },
    async writeKernel(path, text) {
      files.set(path, text)
    },
    async ensureDirectory() {},
    async remove(path) {
      files.delete(path)
    },
    async mountAt(path): Promise<Mount | null> {
      const source = mounts.get(path)
      return source === undefined ? null : { mountpoint: path, root: '/', type: 'zfs', source }
    },
    async wait(ms) {
      fake.waitedMs += ms
    },
  }
  return fake
}

/** What the programs that a start runs leave behind. */
function applyMount(argv: readonly string[], { mounts, files }: Pick<FakeSystem, 'mounts' | 'files'>): void {
  const [program, verb, third = ''] = argv
  const last = argv.at(-1) ?? ''
  if (program === 'mount') for (const [source, target] of parseTable(files.get(third) ?? '')) mounts.set(target, source)
  if (program === 'zfs' && verb === 'create') mounts.set(argv[3]!.replace('mountpoint=', ''), last)
  if (program === 'zfs' && verb === 'mount') mounts.set(mountpointOf(last), last)
  if (program !== 'ssh-keygen') return
  files.set(last, 'secret')
  files.set(`${last}.pub`, 'ssh-ed25519 AAAA\n')
}

/** Source and target of each line of an fstab. */
function parseTable(text: string): [string, string][] {
  return [...text.matchAll(/^(\S+) (\S+) /gm)].map(([, source, target]) => [source!, target!])
}

function mountpointOf(dataset: string): string {
  const name = dataset.split('/')[1] ?? ''
  return name === 'usbkey' || name === 'opt' ? `/${name}` : `/${dataset}`
}
