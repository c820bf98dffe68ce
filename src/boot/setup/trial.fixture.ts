import { setTimeout as sleep } from 'node:timers/promises'
import { startChild } from '#host/run/child.ts'
import { silentLog } from '#host/context.ts'
import { writeFileAtomic } from '#host/fs/atomic.ts'
import { makeFacts } from '#plan/setup/facts.fixture.ts'
import { createFakeEffects } from './effects.fixture.ts'
import { executeSetup } from './execute.ts'
import { prepareSetup } from './prepare.ts'
import { runSession } from './session.ts'
import { openTerminal } from './terminal.ts'

/**
 * The dialogue with effects in memory, for looking at it and for tests on a real terminal:
 * `node src/boot/setup/trial.fixture.ts RESULT [STEP_MS] [FAIL]`. What was done is written to RESULT as JSON.
 */
const [result = '/dev/null', stepMs = '0', fail] = process.argv.slice(2)
const facts = makeFacts()
const effects = createFakeEffects(fail === undefined ? {} : { fail, once: true }, async () => {
  await sleep(Number(stepMs))
})
const { state } = prepareSetup(null, facts, [])
const context = { signal: new AbortController().signal, log: silentLog, now: () => new Date() }
const ended = await runSession(state, {
  terminal: openTerminal(process.stdin, process.stdout),
  renewMs: 1000,
  renew: async () => facts,
  carryOut: async (work, report) => await executeSetup(work, effects, report),
  openShell: async () => void (await (await startChild(['/bin/bash', '-c', 'exec bash --norc -i 2>&1'], { terminal: true }, context)).ended),
})
await writeFileAtomic(result, JSON.stringify({ end: ended.end, files: Object.fromEntries(effects.files), done: effects.done }))
process.stdout.write(`ended: ${ended.end}\n`)
