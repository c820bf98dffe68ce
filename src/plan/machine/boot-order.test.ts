import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planBootGroups } from './boot-order.ts'

test('lower numbers come first, equal ones together, those without a number at 1000', () => {
  const machines = [{ uuid: 'd' }, { uuid: 'b', boot_order: 1001 }, { uuid: 'c', boot_order: 1 }, { uuid: 'a', boot_order: 1000 }, { uuid: 'e', boot_order: 0 }]
  assert.deepEqual(
    planBootGroups(machines).map((group) => group.map(({ uuid }) => uuid)),
    [['e'], ['c'], ['a', 'd'], ['b']],
  )
  assert.deepEqual(planBootGroups([]), [])
})
