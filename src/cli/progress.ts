import type { OperationEvent } from '#contracts/operation/schema.ts'
import type { Cli } from './command.ts'

/** Shows an operation while it runs. */
export interface Progress {
  show(event: OperationEvent): void
  /** A sentence beside the progress, e.g. that it is being cancelled. */
  note(sentence: string): void
  /** Takes the live line away. */
  clear(): void
}

/** One JSON event a line on stdout with `json`; a single live line on stderr on a terminal; else nothing. */
export function createProgress(cli: Cli, json: boolean): Progress {
  if (json) return { show: (event) => cli.out(`${JSON.stringify(event)}\n`), note: (sentence) => cli.err(`${sentence}\n`), clear: () => undefined }
  return cli.isTerminal(2) ? createLiveLine(cli) : { show: () => undefined, note: (sentence) => cli.err(`${sentence}\n`), clear: () => undefined }
}

const eraseLine = '\r\u001B[K'

function createLiveLine(cli: Cli): Progress {
  let shown = ''
  function draw(line: string): void {
    if (line === shown) return
    cli.err(`${eraseLine}${line}`)
    shown = line
  }
  return {
    show: (event) => draw(renderProgress(event, cli.terminalWidth())),
    note: (sentence) => {
      cli.err(`${shown === '' ? '' : eraseLine}${sentence}\n`)
      shown = ''
    },
    clear: () => {
      if (shown !== '') cli.err(eraseLine)
      shown = ''
    },
  }
}

/** `[3/9] Cloning the image`, cut to the width of the terminal. */
export function renderProgress(event: OperationEvent, width: number): string {
  const { state, step, steps, message } = event.operation
  const count = steps === 0 ? '' : `[${step}/${steps}] `
  const undoing = state === 'cancelling' ? 'Undoing: ' : ''
  // Control characters in a message would move the cursor.
  const line = `${count}${undoing}${message}`.replaceAll(/\p{Cc}/gu, ' ')
  return line.length < width ? line : `${line.slice(0, Math.max(0, width - 2))}…`
}
