import type { Cli, Input } from '../../cli/command.ts'
import { hasOption } from '../../cli/command.ts'

/** Tells a person how far it is. */
export interface Reporter {
  /** What is done next, in a few words. */
  step(text: string): void
  /** Bytes of the present step that were read or written since. */
  bytes(count: number): void
  /** Bytes that the present step will take. */
  expect(total: number): void
  /** Takes the live line away. */
  end(): void
}

export const silentReporter: Reporter = { step() {}, bytes() {}, expect() {}, end() {} }

const eraseLine = '\r\u001B[K'

/** With -v each step is a line on stdout; on a terminal there is a live line on stderr. */
export function createReporter(input: Input, cli: Cli): Reporter {
  const verbose = hasOption(input, 'verbose') || cli.toolOptions.has('verbose')
  const live = cli.isTerminal(2) && !verbose
  let [text, done, total, shown] = ['', 0, 0, '']
  const draw = (): void => {
    const share = total === 0 ? '' : ` ${Math.min(100, Math.floor((done / total) * 100))} %`
    const line = `${text}${share}`.slice(0, Math.max(10, cli.terminalWidth() - 1))
    if (!live || line === shown) return
    shown = line
    cli.err(`${eraseLine}${line}`)
  }
  return {
    step(next) {
      ;[text, done, total] = [next, 0, 0]
      if (verbose) cli.out(`${next}\n`)
      draw()
    },
    expect(bytes) {
      total = bytes
    },
    bytes(count) {
      done += count
      draw()
    },
    end() {
      if (shown !== '') cli.err(eraseLine)
      shown = ''
    },
  }
}
