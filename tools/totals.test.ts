import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addTotals, parseTestTotals, renderTotals } from './totals.ts'

const summary = (pass: number, fail: number, cancelled = 0): string =>
  `✔ x (1ms)\nℹ tests 9\nℹ pass ${pass}\nℹ fail ${fail}\nℹ cancelled ${cancelled}\nℹ skipped 2\nℹ todo 1\n`

test('the summary is read, cancelled tests count as failed', () => {
  assert.deepEqual(parseTestTotals(summary(5, 0), 0), { passed: 5, failed: 0, skipped: 3 })
  assert.deepEqual(parseTestTotals(summary(5, 1, 2), 1), { passed: 5, failed: 3, skipped: 3 })
})

test('a run that failed without saying how is a failure', () => {
  assert.deepEqual(parseTestTotals('Segmentation fault', 1), { passed: 0, failed: 1, skipped: 0 })
  assert.deepEqual(parseTestTotals(summary(5, 0), 7), { passed: 5, failed: 1, skipped: 3 })
})

test('totals add up to one line', () => {
  assert.equal(
    renderTotals(
      addTotals([
        { passed: 1, failed: 0, skipped: 2 },
        { passed: 3, failed: 4, skipped: 0 },
      ]),
    ),
    '4 passed, 4 failed, 2 skipped',
  )
})
