import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createGracePeriods } from './grace-periods.ts'

async function makeSwitch(t: TestContext, value: string): Promise<{ path: string; read: () => Promise<string> }> {
  const directory = await mkdtemp(join(tmpdir(), 'rcu-'))
  t.after(() => rm(directory, { recursive: true }))
  const path = join(directory, 'rcu_expedited')
  await writeFile(path, `${value}\n`)
  return { path, read: async () => (await readFile(path, 'utf8')).trim() }
}

test('on while any work is under way, off after the last, also when it fails', async (t) => {
  const { path, read } = await makeSwitch(t, '0')
  const hurry = await createGracePeriods(path)
  const gate = Promise.withResolvers<void>()
  const first = hurry(async () => await gate.promise)
  assert.equal(await hurry(async () => await read()), '1')
  assert.equal(await read(), '1')
  gate.resolve()
  await first
  assert.equal(await read(), '0')
  await assert.rejects(hurry(async () => await Promise.reject(new Error('no'))))
  assert.equal(await read(), '0')
})

test('what the administrator has set stays, and no switch is no matter', async (t) => {
  const { path, read } = await makeSwitch(t, '1')
  const hurry = await createGracePeriods(path)
  await hurry(async () => {})
  assert.equal(await read(), '1')
  assert.equal(await (await createGracePeriods(join(path, 'none')))(async () => 7), 7)
})
