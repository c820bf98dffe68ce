import type { SetupFacts } from '#plan/setup/facts.ts'
import { renewFacts, stepSetup, type Outcome, type SetupState } from '#plan/setup/state.ts'
import type { ProgressItem } from './progress.ts'
import { renderProgress, renderSetup } from './render.ts'
import type { Terminal, TerminalEvent } from './terminal.ts'

export interface DialogueOptions {
  terminal: Terminal
  /** Reads the machine anew; `quick` only what may change while somebody looks: cables. */
  renew: (facts: SetupFacts, how: 'quick' | 'whole') => Promise<SetupFacts>
  /** How often cables are looked at. */
  renewMs: number
}

/** Asks until there is an outcome. Keeps every answer in the state it gives back. A terminal that is gone is `left`. */
export async function runDialogue(start: SetupState, options: DialogueOptions): Promise<{ state: SetupState; outcome: Outcome }> {
  const { terminal } = options
  const { promise, resolve } = Promise.withResolvers<{ state: SetupState; outcome: Outcome }>()
  let state: SetupState = { ...start, outcome: null }
  const go = (next: SetupState): void => {
    state = next
    if (state.outcome === null) terminal.show(renderSetup(state, terminal.size()))
    else resolve({ state, outcome: state.outcome })
  }
  const renew = renewer(options, () => state, go)
  terminal.onEvent((event: TerminalEvent) => {
    if (event.kind === 'closed') return go({ ...state, outcome: 'left' })
    if (event.kind === 'size') return go(state)
    if (event.key.name === 'redraw') {
      terminal.forget()
      renew('whole')
    }
    go(stepSetup(state, event.key))
  })
  const timer = setInterval(() => {
    if (state.place === 'admin_nic') renew('quick')
  }, options.renewMs)
  go(state)
  return await promise.finally(() => {
    clearInterval(timer)
    terminal.onEvent(() => {})
  })
}

/** Reads the machine anew, one reading at a time; a failed one changes nothing. */
function renewer(options: DialogueOptions, current: () => SetupState, go: (state: SetupState) => void): (how: 'quick' | 'whole') => void {
  let isReading = false
  return (how) => {
    if (isReading) return
    isReading = true
    void options
      .renew(current().facts, how)
      .then(
        (facts) => current().outcome ?? go(renewFacts(current(), facts)),
        // The facts that are there stay; the next reading may do better.
        () => undefined,
      )
      .finally(() => void (isReading = false))
  }
}

/** Shows work on the terminal; gives what it is told with. */
export function showProgress(terminal: Terminal, state: SetupState): (items: readonly ProgressItem[]) => void {
  let last: readonly ProgressItem[] = []
  terminal.onEvent((event) => {
    if (event.kind === 'key' && event.key.name === 'redraw') terminal.forget()
    terminal.show(renderProgress(last, state, terminal.size()))
  })
  return (items) => {
    last = items
    terminal.show(renderProgress(items, state, terminal.size()))
  }
}
