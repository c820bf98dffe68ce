import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '#contracts/errors.ts'

/** Text kept for patterns; what is older is in the log file only. */
const keptLength = 4 << 20

/** What a guest says on its serial port, without colours and carriage returns. */
export interface GuestConsole extends AsyncIterable<string> {
  /**
   * Waits for a pattern in what was said since the last match, and takes everything up to its end: the next wait begins
   * behind it. Throws Timeout, or CommandFailed when the guest has ended; both tell the last words of the console.
   */
  waitFor: (pattern: RegExp | string, timeoutMs: number) => Promise<RegExpExecArray>
  /** All that was said, the last 4 MiB of it. */
  text: () => string
}

/** Follows an output to its end. Iterating gives each line, from the first on; several may iterate. */
export function createConsole(output: Readable, name: string): GuestConsole {
  const said: Said = { text: '', dropped: 0, taken: 0, ended: false, more: Promise.withResolvers<void>() }
  const clean = createCleaner()
  const wake = (): void => {
    said.more.resolve()
    said.more = Promise.withResolvers<void>()
  }
  output.setEncoding('utf8')
  output.on('data', (chunk: string) => {
    said.text += clean(chunk)
    const excess = said.text.length - keptLength
    if (excess > 0) {
      said.text = said.text.slice(excess)
      said.dropped += excess
    }
    wake()
  })
  output.on('close', () => {
    said.ended = true
    wake()
  })
  return {
    text: () => said.text,
    waitFor: (pattern, timeoutMs) => waitFor(said, { name, pattern, timeoutMs }),
    [Symbol.asyncIterator]: () => readLines(said),
  }
}

/** Positions count from the first letter ever said; `dropped` letters are not kept any more. */
interface Said {
  text: string
  dropped: number
  /** Where the next wait begins. */
  taken: number
  ended: boolean
  more: PromiseWithResolvers<void>
}

async function waitFor(said: Said, { name, pattern, timeoutMs }: { name: string; pattern: RegExp | string; timeoutMs: number }): Promise<RegExpExecArray> {
  const wanted =
    typeof pattern === 'string' ? new RegExp(pattern.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')) : new RegExp(pattern, pattern.flags.replace(/[gy]/g, ''))
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const from = Math.max(0, said.taken - said.dropped)
    const found = wanted.exec(said.text.slice(from))
    if (found !== null) {
      said.taken = said.dropped + from + found.index + found[0].length
      return found
    }
    if (said.ended) throw new AppError('CommandFailed', `The guest ${name} ended before its console said ${String(pattern)}.`, { cause: lastWords(said) })
    const leftMs = deadline - performance.now()
    if (leftMs <= 0)
      throw new AppError('Timeout', `The console of the guest ${name} did not say ${String(pattern)} within ${timeoutMs / 1000} s.`, { cause: lastWords(said) })
    await waitAtMost(said.more.promise, leftMs)
  }
}

async function waitAtMost(event: Promise<void>, timeoutMs: number): Promise<void> {
  const timer = new AbortController()
  await Promise.race([event, sleep(timeoutMs, undefined, { signal: timer.signal }).catch(() => {})])
  timer.abort()
}

function lastWords(said: Said): Error {
  return new Error(`the last words of the console were:\n${said.text.slice(-2000)}`)
}

async function* readLines(said: Said): AsyncGenerator<string> {
  let at = 0
  for (;;) {
    at = Math.max(at, said.dropped)
    const end = said.text.indexOf('\n', at - said.dropped)
    if (end >= 0) {
      yield said.text.slice(at - said.dropped, end)
      at = said.dropped + end + 1
    } else if (said.ended) {
      if (at - said.dropped < said.text.length) yield said.text.slice(at - said.dropped)
      return
    } else await said.more.promise
  }
}

/** Terminal sequences as ECMA-48 has them: control sequences, strings (title, colours) and the short ones. */
// eslint-disable-next-line no-control-regex
const sequences = /\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-OQ-WYZ\\`-~]|\r/g
/** The beginning of one at the end of a text; longer ones are none. */
// eslint-disable-next-line no-control-regex
const cutSequence = /\x1b(?:\[[0-?]{0,30}[ -/]{0,4}|[\]PX^_][^\x07\x1b]{0,200}\x1b?|[ -/]{0,4})$/

/** Removes terminal sequences and carriage returns; a sequence cut by the end of a chunk waits for the next. */
export function createCleaner(): (chunk: string) => string {
  let rest = ''
  return (chunk) => {
    const text = rest + chunk
    rest = cutSequence.exec(text)?.[0] ?? ''
    return text.slice(0, text.length - rest.length).replaceAll(sequences, '')
  }
}
