import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MachineRecord, ScalarMap } from '#contracts/machine/record.ts'
import { keepGuestWrites } from './guest-writes.ts'

function withMetadata(customer_metadata: ScalarMap): MachineRecord {
  return { customer_metadata, internal_metadata: {} } as MachineRecord // only these two are looked at
}

test('what a guest put, changed and deleted meanwhile survives the operation', () => {
  const base = withMetadata({ kept: 1, changed: 'old', gone: true })
  const current = withMetadata({ kept: 1, changed: 'by guest', fresh: 'by guest' })
  const next = withMetadata({ kept: 2, changed: 'old', gone: true, added: 'by operator' })
  assert.deepEqual(keepGuestWrites(next, base, current).customer_metadata, { kept: 2, changed: 'by guest', fresh: 'by guest', added: 'by operator' })
})

test('without a guest write the operation has its way', () => {
  const base = withMetadata({ a: 1 })
  assert.deepEqual(keepGuestWrites(withMetadata({ b: 2 }), base, base).customer_metadata, { b: 2 })
  assert.deepEqual(keepGuestWrites(withMetadata({ b: 2 }), null, undefined).customer_metadata, { b: 2 })
})
