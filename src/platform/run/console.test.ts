import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { isAppError } from '#contracts/errors.ts'
import { createCleaner, createConsole } from './console.ts'

test('a match takes what was said up to its end; the next wait begins behind it', async () => {
  const output = new PassThrough()
  const console = createConsole(output, 'node')
  output.write('login: ')
  await console.waitFor(/login:/, 1000)
  const second = console.waitFor(/login: (\w+)/, 1000)
  output.write('failed\nlogin: ro')
  output.write('ot\n')
  assert.match((await second)[1]!, /^ro/)
  output.end()
  await assert.rejects(console.waitFor('login:', 1000), (error: unknown) => isAppError(error, 'CommandFailed') && /failed/.test(String(error.cause)))
})

test('a text is looked for as it is, also with signs of patterns', async () => {
  const output = new PassThrough()
  output.write('total 1.5 (one)')
  assert.equal((await createConsole(output, 'node').waitFor('1.5 (one)', 1000))[0], '1.5 (one)')
})

test('what is never said times out with the last words', async () => {
  const output = new PassThrough()
  const console = createConsole(output, 'node')
  output.write('something else')
  await assert.rejects(console.waitFor('this', 5), (error: unknown) => isAppError(error, 'Timeout') && /something else/.test(String(error.cause)))
})

test('lines come whole, to every reader, and a last one without an end', async () => {
  const output = new PassThrough()
  const console = createConsole(output, 'node')
  output.write('one\r\ntw')
  const read = async (): Promise<string[]> => await Array.fromAsync(console)
  const readers = [read(), read()]
  output.write('o\nthr')
  output.end('ee')
  assert.deepEqual(await Promise.all(readers), [
    ['one', 'two', 'three'],
    ['one', 'two', 'three'],
  ])
  assert.equal(console.text(), 'one\ntwo\nthree')
})

test('terminal sequences go, also those cut between two chunks; other text stays', () => {
  const text = '[\u001B[0;32m  OK  \u001B[0m] Started \u001B]0;title\u0007it.\u001B[!p\u001B[=3h\u001B(B\u001BM [x]\r\n'
  for (let at = 0; at <= text.length; at++) {
    const clean = createCleaner()
    assert.equal(clean(text.slice(0, at)) + clean(text.slice(at)), '[  OK  ] Started it. [x]\n', `cut at ${at}`)
  }
})
