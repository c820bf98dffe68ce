import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import { isAppError } from '#contracts/errors.ts'
import { type Context, silentLog } from '../context.ts'
import { CommandFailure, run } from './run.ts'

function contextWith(signal = new AbortController().signal): Context {
  return { signal, log: silentLog, now: () => new Date() }
}

test('run gives output and exit code, with a built environment', async () => {
  const result = await run(['/bin/sh', '-c', 'cat; echo "$LC_ALL$HOME" >&2; exit 3'], { input: 'abc', okCodes: [3] }, contextWith())
  assert.deepEqual(result, { stdout: 'abc', stderr: 'C.UTF-8\n', exitCode: 3 })
})

test('a failure carries argv, code and the last words', async () => {
  const failure = await run(['/bin/sh', '-c', 'echo no disk >&2; exit 7'], {}, contextWith()).catch((error: unknown) => error)
  assert.ok(isAppError(failure, 'CommandFailed'))
  assert.ok(failure.cause instanceof CommandFailure)
  assert.equal(failure.cause.exitCode, 7)
  assert.match(failure.cause.message, /no disk/)
})

test('cancelling kills the whole tree', async () => {
  const controller = new AbortController()
  const running = run(['/bin/sh', '-c', 'sleep 100 & echo $!; wait'], {}, contextWith(controller.signal)).catch((error: unknown) => error)
  await sleep(100)
  controller.abort()
  assert.ok(isAppError(await running, 'Cancelled'))
})

test('a time limit ends the program', async () => {
  const failure = await run(['/bin/sleep', '100'], { timeoutMs: 50 }, contextWith()).catch((error: unknown) => error)
  assert.ok(isAppError(failure, 'Timeout'))
})

test('a time limit is kept also when a child in a session of its own holds the output open', async () => {
  const started = performance.now()
  const failure = await run(['/bin/sh', '-c', 'setsid sleep 3 & wait'], { timeoutMs: 50 }, contextWith()).catch((error: unknown) => error)
  assert.ok(isAppError(failure, 'Timeout'))
  assert.ok(performance.now() - started < 2500)
})

test('a program that is not there is a CommandFailed', async () => {
  assert.ok(!existsSync('/no/such/program'))
  assert.ok(isAppError(await run(['/no/such/program'], {}, contextWith()).catch((error: unknown) => error), 'CommandFailed'))
})
