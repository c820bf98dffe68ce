import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { AppError, isAppError } from '#contracts/errors.ts'
import { type Context, silentLog } from './context.ts'
import { createFakeStorage } from './storage-fake.ts'
import { registerStorageSuite } from './storage.suite.ts'

const context: Context = { signal: new AbortController().signal, log: silentLog, now: () => new Date() }

for (const refusesDependents of [false, true]) {
  registerStorageSuite(refusesDependents ? 'fake as ZFS' : 'fake', async () => {
    const mountpoint = await mkdtemp(join(tmpdir(), 'spirula-fake-'))
    const storage = createFakeStorage({ pool: 'zones', mountpoint, refusesDependents })
    return { storage, context, enforcesQuota: false, refusesDependents, sync: async () => {}, dispose: async () => await rm(mountpoint, { recursive: true }) }
  })
}

test('failNext fails the next call of its verb only, before it did anything', async () => {
  const mountpoint = await mkdtemp(join(tmpdir(), 'spirula-fake-'))
  const fake = createFakeStorage({ pool: 'zones', mountpoint })
  fake.failNext('create', new AppError('NoSpace', 'first'))
  fake.failNext('create', new AppError('Busy', 'second'))
  fake.failNext('send', new AppError('NoSpace', 'sent'))
  await assert.rejects(fake.create('a', {}, context), (error) => isAppError(error, 'NoSpace'))
  assert.equal(await fake.exists('a', context), false)
  await assert.rejects(fake.create('a', {}, context), (error) => isAppError(error, 'Busy'))
  await fake.create('a', {}, context)
  await fake.snapshot({ dataset: 'a', snapshot: 's' }, context)
  await assert.rejects(fake.send({ dataset: 'a', snapshot: 's' }, null, context).toArray(), (error) => isAppError(error, 'NoSpace'))
  assert.ok((await fake.send({ dataset: 'a', snapshot: 's' }, null, context).toArray()).length > 0)
  await rm(mountpoint, { recursive: true })
})
