import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { errorCodes } from '#contracts/errors.ts'
import { readSourceFiles } from '../../tools/house/source-file.ts'

const files = readSourceFiles(join(import.meta.dirname, '../..'))
const product = files.filter(({ path }) => /^(src|native)\//.test(path) && !path.endsWith('.test.ts') && path !== 'src/contracts/errors.ts')

for (const code of Object.keys(errorCodes)) {
  test(`the error ${code} is used`, () => {
    assert.ok(
      product.some(({ text }) => text.includes(`'${code}'`)),
      `no file of src makes a ${code}; remove it from the table`,
    )
  })
}

test('titles and helps are sentences for people', () => {
  for (const [code, { title, help }] of Object.entries(errorCodes)) {
    assert.match(title, /^[A-Z]/, code)
    assert.match(help, /^\S.*\.$/s, code)
  }
})
