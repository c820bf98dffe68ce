import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { patience } from './patience.ts'
import type { TestNode } from './test-node.ts'

/** The bundle that is installed: what scripts and people run. */
const mainPath = join(import.meta.dirname, '../../dist/cli/main.js')
const limitMs = 40_000 * patience

export interface Outcome {
  code: number | null
  stdout: string
  stderr: string
}

/** A tool of the bundle as a program of its own; `stdin` is text or nothing. */
export type RunTool = (words: readonly string[], stdin?: string | object) => Promise<Outcome>

export interface Cli {
  /** Any tool: `run(['nictagadm', 'list'])`. */
  run: RunTool
  vmadm: (...words: string[]) => Promise<Outcome>
  /** vmadm with a payload on standard input. */
  feed: (payload: string | object, ...words: string[]) => Promise<Outcome>
  /** Creates a machine that must come up without a word of warning; gives its UUID. */
  create: (payload: object) => Promise<string>
  get: (name: string) => Promise<Machine>
  /** What a shell in the zone says, trimmed; throws when it fails. */
  inside: (name: string, script: string) => Promise<string>
  /** Starts a tool that goes on; `text()` is its output so far. */
  follow: (...words: string[]) => Following
}

/** What `vmadm get` prints: any property, as tests look at all of them. */
export type Machine = Record<string, unknown> & { uuid: string; nics: Record<string, unknown>[]; snapshots: { name: string }[] }

export interface Following {
  child: ChildProcess
  text: () => string
  /** Resolves when the output has what is looked for; fails after 10 s. */
  until: (what: RegExp) => Promise<RegExpExecArray>
  stop: () => Promise<void>
}

/** The command line tools, talking to that node. */
export function openCli(node: Pick<TestNode, 'socket'>): Cli {
  const start = (words: readonly string[]): ChildProcess =>
    spawn(process.execPath, [mainPath, ...words], { env: { PATH: process.env['PATH'], SPIRULA_SOCKET: node.socket } })
  const run: RunTool = (words, stdin) => runToEnd(start(words), stdin, words)
  const vmadm: Cli['vmadm'] = (...words) => run(['vmadm', ...words])
  const feed: Cli['feed'] = (payload, ...words) => run(['vmadm', ...words], payload)
  return {
    run,
    vmadm,
    feed,
    async create(payload) {
      const outcome = await feed(payload, 'create')
      const match = /^Successfully created VM (\S{36})\n$/.exec(outcome.stderr)
      assert.ok(outcome.code === 0 && match !== null && outcome.stdout === '', JSON.stringify(outcome))
      return match[1]!
    },
    async get(name) {
      const outcome = await vmadm('get', name)
      assert.equal(outcome.code, 0, outcome.stderr)
      return JSON.parse(outcome.stdout) as Machine
    },
    async inside(name, script) {
      const outcome = await run(['zlogin', name, script])
      assert.equal(outcome.code, 0, `${script}: ${outcome.stderr}${outcome.stdout}`)
      return outcome.stdout.trim()
    },
    follow: (...words) => followTool(start(words)),
  }
}

function runToEnd(child: ChildProcess, stdin: string | object | undefined, words: readonly string[]): Promise<Outcome> {
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) child[name]!.on('data', (bytes: Buffer) => (output[name] += bytes.toString()))
  // A tool that needs no input may be gone before it was written.
  child.stdin!.on('error', () => undefined)
  child.stdin!.end(typeof stdin === 'object' ? JSON.stringify(stdin) : (stdin ?? ''))
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`${words.join(' ')} did not end within ${limitMs} ms: ${JSON.stringify(output)}`))
    }, limitMs)
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve({ code, ...output })
    })
  })
}

function followTool(child: ChildProcess): Following {
  let text = ''
  for (const name of ['stdout', 'stderr'] as const) child[name]!.on('data', (bytes: Buffer) => (text += bytes.toString()))
  child.stdin!.on('error', () => undefined)
  return {
    child,
    text: () => text,
    async until(what) {
      await eventually(() => what.test(text), `${what} in the output`)
      return what.exec(text)!
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** Looks again until it is so; for what happens without anybody being told. */
export async function eventually(condition: () => boolean | Promise<boolean>, what: string, timeoutMs = 10_000 * patience): Promise<void> {
  const end = performance.now() + timeoutMs
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await sleep(30)
  }
}

/** A command that did what was asked: exit 0, nothing on stdout, this sentence alone on stderr. */
export function assertSaid(outcome: Outcome, sentence: string): void {
  assert.deepEqual(outcome, { code: 0, stdout: '', stderr: `${sentence}\n` })
}

/** A refusal: its exit code, nothing on stdout, and stderr that begins so. */
export function assertRefused(outcome: Outcome, first: string | RegExp, code = 1): void {
  assert.equal(outcome.code, code, JSON.stringify(outcome))
  assert.equal(outcome.stdout, '')
  if (typeof first === 'string') assert.equal(outcome.stderr.split('\n')[0], first)
  else assert.match(outcome.stderr, first)
  assert.doesNotMatch(outcome.stderr, /\n\s+at |AppError|TypeError/, 'a stack trace')
}
