import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseKeys } from './keys.ts'

/** Names of keys, `"text"` for text. */
function read(text: string, ended = true): string[] {
  return parseKeys(text, ended).inputs.map((input) => {
    if (input.kind === 'size') return `${input.columns}x${input.rows}`
    return input.key.name === 'text' ? JSON.stringify(input.key.text) : input.key.name
  })
}

const cases: [sent: string, keys: string[]][] = [
  ['ab\r', ['"ab"', 'enter']],
  ['a\r\nb\n', ['"a"', 'enter', '"b"', 'enter']],
  ['\x1b', ['back']],
  ['\x1b\x1b', ['back', 'back']],
  ['\x1b[A\x1b[B\x1b[C\x1b[D', ['up', 'down', 'right', 'left']],
  ['\x1bOA\x1bOH', ['up', 'home']],
  ['\x1b[1;5A\x1b[3;2~', ['up', 'delete']],
  ['\x1b[Z', ['back']],
  ['\x1b[1~\x1b[4~\x1b[3~\x1b[5~\x1b[6~', ['home', 'end', 'delete', 'page-up', 'page-down']],
  ['\x7f\b\x15\x17\x03\x0c\t', ['backspace', 'backspace', 'kill-line', 'kill-word', 'interrupt', 'redraw', 'tab']],
  ['\x1b[24;80R', ['80x24']],
  ['\x1b[[A\x1b[15~x', ['"x"']],
  ['\x1b[200~one\r\ntwo\r\n\x1b[201~', ['"one\\r\\ntwo"']],
  ['ü€', ['"ü€"']],
  ['\x00\x1ax', ['"x"']],
]

describe('parseKeys', () => {
  for (const [sent, keys] of cases) test(JSON.stringify(sent), () => assert.deepEqual(read(sent), keys))

  test('what is not whole waits', () => {
    for (const part of ['\x1b', '\x1b[', '\x1b[1;', '\x1bO', '\x1b[200~abc']) assert.deepEqual(parseKeys(part, false), { inputs: [], rest: part })
  })

  test('in pieces of any size it is the same', () => {
    const sent = cases
      .map(([text]) => text)
      .filter((text) => text !== '\x1b' && text !== '\x1b\x1b')
      .join('')
    const whole = read(sent).join(' ').replaceAll('" "', '')
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1 }), (sizes) => {
        let rest = ''
        const keys: string[] = []
        for (let at = 0, turn = 0; at < sent.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1
          const text = rest + sent.slice(at, at + size)
          keys.push(...read(text, false))
          rest = parseKeys(text, false).rest
          at += size
        }
        // A line end of two characters may come as two keys when it comes in two pieces.
        assert.equal([...keys, ...read(rest)].join(' ').replaceAll('" "', '').replaceAll('enter enter', 'enter'), whole.replaceAll('enter enter', 'enter'))
      }),
    )
  })

  test('nothing makes it throw or hang', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('\x1b', '[', 'O', '2', '0', '~', ';', 'R', 'a', '\r', '\x03') }), (text) =>
        assert.equal(parseKeys(text, true).rest, ''),
      ),
    )
  })
})
