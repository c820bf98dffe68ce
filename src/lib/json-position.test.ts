import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { JsonMistake, findMistake, parseJson } from './json-position.ts'

function mistakeOf(text: string): JsonMistake {
  try {
    parseJson(text)
  } catch (error) {
    if (error instanceof JsonMistake) return error
  }
  assert.fail(`no mistake was found in ${text}`)
}

test('the place of the first mistake', () => {
  const cases: [string, number, number, RegExp][] = [
    ['', 1, 1, /expected a value, but there is nothing more/],
    ['{"a": 1,}', 1, 9, /property name in double quotes, but there is "}"/],
    ['{\n  "a": 1\n  "b": 2\n}', 3, 3, /expected "," or "}", but there is "\\""/],
    ['{"a": 1', 1, 8, /expected "," or "}", but there is nothing more/],
    ["{'a': 1}", 1, 2, /property name in double quotes or "}", but there is "'"/],
    ['{"a" 1}', 1, 6, /expected ":"/],
    ['[1, 2', 1, 6, /expected "," or "\]"/],
    ['[1, , 2]', 1, 5, /expected a value, but there is ","/],
    ['{"a": tru}', 1, 7, /expected a value/],
    ['{"a": 01}', 1, 8, /expected "," or "}"/],
    ['{"a": "x\n"}', 1, 9, /closing double quote of a string, but there is the end of the line/],
    ['"\\x"', 1, 2, /escape/],
    ['{} x', 1, 4, /end of the text, but there is "x"/],
    ['{"a":\r\n\r\n}', 3, 1, /expected a value/],
  ]
  for (const [text, line, column, message] of cases) {
    const mistake = mistakeOf(text)
    assert.deepEqual([mistake.line, mistake.column], [line, column], text)
    assert.match(mistake.message, message)
  }
})

test('the walk and the engine agree on what JSON is', () => {
  const isJson = (text: string): boolean => {
    try {
      JSON.parse(text)
      return true
    } catch {
      return false
    }
  }
  const almost = fc.tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '"', '}', ' ', '\\', '1')).map(([text, at, char]) => {
    const place = at % (text.length + 1)
    return text.slice(0, place) + char + text.slice(place + 1)
  })
  fc.assert(
    fc.property(fc.oneof(fc.json(), almost, fc.string()), (text) => assert.equal(findMistake(text) === null, isJson(text), text)),
    { numRuns: 2000 },
  )
})

test('a deep text is walked without overflowing', () => {
  assert.equal(mistakeOf('['.repeat(200_000)).column, 200_001)
})

test('good text is parsed', () => {
  assert.deepEqual(parseJson(' {"a": [1, true, null]} '), { a: [1, true, null] })
})
