import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { printable, renderChange, renderPlain, span, type Line, type Screen, type Size, type Style } from './screen.ts'
import { createVirtualTerminal } from './virtual-terminal.suite.ts'

const size: Size = { columns: 20, rows: 5 }

const line = fc.array(fc.record({ text: fc.string({ maxLength: 14 }), style: fc.constantFrom<Style>('plain', 'bold', 'bad') }), { maxLength: 3 })
const screen: fc.Arbitrary<Screen> = fc.record({
  lines: fc.array(line, { maxLength: 7 }),
  caret: fc.option(fc.record({ row: fc.integer({ min: 0, max: 4 }), column: fc.integer({ min: 0, max: 19 }) })),
})

test('after changes the terminal shows what a fresh one would', () => {
  fc.assert(
    fc.property(fc.array(screen, { minLength: 1, maxLength: 5 }), (screens) => {
      const used = createVirtualTerminal(size, { strict: true })
      let previous: Screen | null = null
      for (const next of screens) {
        used.write(renderChange(previous, next, size))
        previous = next
      }
      const fresh = createVirtualTerminal(size, { strict: true })
      fresh.write(renderChange(null, screens.at(-1)!, size))
      assert.deepEqual(used.cells(), fresh.cells())
      assert.equal(used.caret(), fresh.caret())
    }),
  )
})

function textScreen(...texts: string[]): Screen {
  return { lines: texts.map((text): Line => [span(text)]), caret: { row: 0, column: 0 } }
}

test('only what differs is sent, and nothing when nothing does', () => {
  const before = textScreen('one', 'hello world', 'three')
  assert.equal(renderChange(before, textScreen('one', 'hello world', 'three'), size), '')
  const terminal = createVirtualTerminal(size, { strict: true })
  assert.equal(terminal.write(renderChange(before, textScreen('one', 'hello wOrld', 'three'), size)), 1)
})

test('nothing that a disk says of itself acts on the terminal', () => {
  assert.equal(printable('WD\x1b[2J\u202e\u0007ü'), 'WD?[2J???')
  assert.equal(renderPlain(textScreen('a\nb')), 'a?b\n')
})
