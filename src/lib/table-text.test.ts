import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderColumns } from './table-text.ts'

test('columns grow with their cells, blanks at the end are cut', () => {
  const columns = [{ header: 'ID', align: 'right' as const }, { header: 'NAME', width: 6 }, { header: 'X' }]
  assert.equal(
    renderColumns(columns, [
      ['1000', 'a', ''],
      ['2', 'longer-name', 'y'],
    ]),
    '  ID  NAME         X\n1000  a\n   2  longer-name  y\n',
  )
  assert.equal(renderColumns(columns, [['1', 'b', 'c']], { headers: false, gap: 1 }), '1 b      c\n')
})
