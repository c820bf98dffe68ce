import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSha256Sums } from './sha256sums.ts'

const digest = 'a'.repeat(64)

test('lists of sha256sum are read, others are none', () => {
  assert.deepEqual(
    parseSha256Sums(`${digest}  a b\n${digest} *c\n`),
    new Map([
      ['a b', digest],
      ['c', digest],
    ]),
  )
  assert.equal(parseSha256Sums(`${digest}  a\n${digest}  a\n`), null)
  assert.equal(parseSha256Sums('rubbish\n'), null)
  assert.equal(parseSha256Sums('')?.size, 0)
})
