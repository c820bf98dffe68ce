import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planWait } from './rate.ts'

const rate = { burst: 10, perSecond: 5 }

test('a burst passes at once, then the rate holds', () => {
  let bucket = { tokens: 10, atMs: 0 }
  const waits = Array.from({ length: 12 }, () => {
    const plan = planWait(bucket, rate, { cost: 1, nowMs: 0 })
    bucket = plan.bucket
    return plan.waitMs
  })
  assert.deepEqual(waits, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 200, 400])
})

test('time refills up to the burst, and a clock that steps back does no harm', () => {
  assert.deepEqual(planWait({ tokens: 0, atMs: 0 }, rate, { cost: 1, nowMs: 1_000_000 }), { bucket: { tokens: 9, atMs: 1_000_000 }, waitMs: 0 })
  assert.deepEqual(planWait({ tokens: 5, atMs: 1000 }, rate, { cost: 1, nowMs: 0 }), { bucket: { tokens: 4, atMs: 0 }, waitMs: 0 })
})
