import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Option } from './command.ts'
import { parseWords } from './parse-args.ts'

const options: Option[] = [
  { long: 'parsable', short: 'p', summary: '' },
  { long: 'no-header', short: 'H', summary: '' },
  { long: 'order', short: 'o', value: 'FIELD', summary: '' },
  { long: 'unique', short: '1', summary: '' },
]

function parse(...words: string[]): { args: readonly string[]; options: Record<string, readonly string[]> } {
  const input = parseWords(words, { options })
  return { args: input.args, options: Object.fromEntries(input.options) }
}

const cases: [string[], string[], Record<string, string[]>][] = [
  [['-Hpo', 'uuid,alias', 'x'], ['x'], { 'no-header': [''], 'parsable': [''], 'order': ['uuid,alias'] }],
  [['-ouuid'], [], { order: ['uuid'] }],
  [['--order=a=b', '--order', '-ram'], [], { order: ['a=b', '-ram'] }],
  [['a', '-p', 'b'], ['a', 'b'], { parsable: [''] }],
  [['-', '--', '-p', '--', 'x'], ['-', '-p', '--', 'x'], {}],
  [['-1'], [], { unique: [''] }],
  [['-o', ''], [], { order: [''] }],
]

for (const [words, args, found] of cases) {
  test(`parses ${JSON.stringify(words)}`, () => assert.deepEqual(parse(...words), { args, options: found }))
}

test('words after rest_after arguments are not looked at', () => {
  const input = parseWords(['-p', 'zone', 'ls', '-l', '--', '-o'], { options, rest_after: 1 })
  assert.deepEqual(input.args, ['zone', 'ls', '-l', '--', '-o'])
  assert.deepEqual([...input.options.keys()], ['parsable'])
})

const mistakes: [string[], RegExp][] = [
  [['--ordr', 'x'], /no option --ordr\. Did you mean --order\?/],
  [['-x'], /no option -x\.$/],
  [['-o'], /-o needs a value \(FIELD\)/],
  [['--parsable=1'], /--parsable takes no value/],
]

for (const [words, message] of mistakes) {
  test(`refuses ${JSON.stringify(words)}`, () => assert.throws(() => parse(...words), { code: 'Usage', message }))
}
