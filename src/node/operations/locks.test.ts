import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '#contracts/errors.ts'
import { createLocks } from './locks.ts'

const never = new AbortController().signal

test('one holder at a time, in order of arrival', async () => {
  const locks = createLocks()
  const order: number[] = []
  const first = await locks.acquire('a', never)
  const others = [1, 2, 3].map(async (number) => {
    const release = await locks.acquire('a', never)
    order.push(number)
    release()
  })
  assert.equal(locks.isHeld('a'), true)
  first()
  await Promise.all(others)
  assert.deepEqual(order, [1, 2, 3])
  assert.equal(locks.isHeld('a'), false)
})

test('another subject does not wait', async () => {
  const locks = createLocks()
  await locks.acquire('a', never)
  await locks.acquire('b', never)
})

test('who gives up waiting leaves the queue', async () => {
  const locks = createLocks()
  const release = await locks.acquire('a', never)
  const controller = new AbortController()
  const waiting = locks.acquire('a', controller.signal).catch((error: unknown) => error)
  controller.abort()
  assert.ok(isAppError(await waiting, 'Cancelled'))
  release()
  assert.equal(locks.isHeld('a'), false)
})
