import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { editDistance, nearestOf } from './nearest.ts'

const names = ['quota', 'max_physical_memory', 'max_locked_memory', 'max_swap', 'alias', 'ram']

test('slips find their word, other words do not', () => {
  assert.equal(nearestOf('qouta', names), 'quota')
  assert.equal(nearestOf('Quota', names), 'quota')
  assert.equal(nearestOf('max_phsical_memroy', names), 'max_physical_memory')
  assert.equal(nearestOf('maxswap', names), 'max_swap')
  assert.equal(nearestOf('colour', names), null)
  assert.equal(nearestOf('', names), null)
})

test('distances', () => {
  assert.equal(editDistance('', 'abc'), 3)
  assert.equal(editDistance('ab', 'ba'), 1)
  assert.equal(editDistance('kitten', 'sitting'), 3)
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      assert.equal(editDistance(a, b), editDistance(b, a))
      assert.equal(editDistance(a, b) === 0, a === b)
    }),
  )
})
