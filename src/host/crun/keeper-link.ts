import { createConnection, type Socket } from 'node:net'
import { AppError } from '#contracts/errors.ts'
import type { ZoneExit } from '#host/runtime.ts'
import { type KeeperLine, parseKeeperLine } from './parse.ts'

/** crun under load takes a second; a keeper that says nothing for longer is stuck. */
const answerMs = 30_000
const endMs = 5000

/** A keeper's line is short; more without an end is no keeper. */
const maxLine = 4096

export interface KeeperState {
  pid: number
  stage: 'prepared' | 'running' | 'exited'
  init: number
  started_at: string | null
}

type Exit = Omit<ZoneExit, 'uuid'>
type OnEnd = (exit: Exit | null) => void

/**
 * The daemon's connection to one keeper, for as long as that lives: its state as last told, and commands.
 * `onEnd` is called once: with the exit when init ended, with null when the keeper went without a word.
 */
export class KeeperLink {
  readonly uuid: string
  readonly state: KeeperState = { pid: 0, stage: 'prepared', init: 0, started_at: null }
  readonly ended: Promise<void>
  readonly #socket: Socket
  readonly #onEnd: OnEnd
  #waiting: { resolve: (line: KeeperLine) => void; reject: (error: AppError) => void }[] = []
  #turn: Promise<void> = Promise.resolve()
  #text = ''
  #exit: Exit | null = null

  constructor(uuid: string, socket: Socket, onEnd: OnEnd) {
    this.uuid = uuid
    this.#socket = socket
    this.#onEnd = onEnd
    const ended = Promise.withResolvers<void>()
    this.ended = ended.promise
    socket.setEncoding('utf8')
    // A daemon that has nothing else to do may end; the keeper goes on.
    socket.unref()
    socket.on('data', (text: string) => this.#receive(text))
    // ECONNRESET when the keeper is killed: `close` follows.
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#finish()
      ended.resolve()
    })
  }

  /** Waits for the greeting. RuntimeFailed with the keeper's words when it could not prepare. */
  async greet(): Promise<void> {
    await this.#next()
  }

  /** Says a command and waits for its answer. RuntimeFailed when it is refused or the keeper goes. */
  async ask(command: string): Promise<void> {
    // One at a time: answers come without saying to what.
    const asking = this.#turn.then(async () => {
      const answer = this.#next()
      this.#socket.write(`${command}\n`)
      await answer
    })
    this.#turn = asking.catch(() => {})
    await asking
  }

  /**
   * Kills init; or ends a keeper that has none. Resolves when the keeper has ended. One that does not obey
   * within five seconds (stopped, or its init hangs in the kernel) is killed: what it leaves is an orphan.
   */
  async end(): Promise<void> {
    this.#socket.write('end\n')
    const timer = setTimeout(() => killProcess(this.state.pid), endMs)
    await this.ended.finally(() => clearTimeout(timer))
  }

  /** Lets go of the keeper, which goes on. */
  close(): void {
    this.#socket.destroy()
  }

  async #next(): Promise<KeeperLine> {
    const { promise, resolve, reject } = Promise.withResolvers<KeeperLine>()
    if (this.#socket.destroyed) reject(this.#lost())
    else this.#waiting.push({ resolve, reject })
    // The timer keeps the process alive as well, which the socket does not.
    const timer = setTimeout(() => reject(new AppError('Timeout', `The keeper of zone ${this.uuid} does not answer.`)), answerMs)
    return await promise.finally(() => clearTimeout(timer))
  }

  #receive(text: string): void {
    const lines = (this.#text + text).split('\n')
    this.#text = lines.pop()!
    if (this.#text.length > maxLine) this.#socket.destroy()
    for (const line of lines) this.#take(parseKeeperLine(line))
  }

  #take(line: KeeperLine): void {
    if (line.kind === 'exit') {
      this.state.stage = 'exited'
      this.#exit = { exit_status: line.exit_status, exit_timestamp: line.exit_timestamp }
      return
    }
    if (line.kind === 'keeper')
      Object.assign(this.state, { pid: line.pid, stage: line.stage === 'running' ? 'running' : 'prepared', init: line.init, started_at: line.started_at })
    if (line.kind === 'running') Object.assign(this.state, { stage: 'running', init: line.init, started_at: line.started_at })
    const waiting = this.#waiting.shift()
    if (line.kind === 'failed')
      waiting?.reject(new AppError('RuntimeFailed', `The keeper of zone ${this.uuid} could not do what was asked.`, { cause: new Error(line.text.trim()) }))
    else waiting?.resolve(line)
  }

  #finish(): void {
    for (const { reject } of this.#waiting.splice(0)) reject(this.#lost())
    this.#onEnd(this.#exit)
  }

  #lost(): AppError {
    return new AppError('RuntimeFailed', `The keeper of zone ${this.uuid} has ended.`)
  }
}

/** SIGKILL to one process; gone is fine. 0 and 1 would mean others. */
export function killProcess(pid: number): void {
  if (pid <= 1) return
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // ESRCH: it has ended by itself.
  }
}

/** Connects to the keeper of a zone; null when none listens, which is to say that none lives. */
export async function connectKeeper(path: string): Promise<Socket | null> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket | null>()
  const socket = createConnection(path)
  socket.once('connect', () => resolve(socket))
  socket.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED' || error.code === 'ENOTDIR') resolve(null)
    else reject(error)
  })
  return await promise
}
