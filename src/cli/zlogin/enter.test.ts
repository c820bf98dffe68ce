import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseWords } from '../parse-args.ts'
import { command, planEntry } from './enter.ts'

const all = { TERM: 'xterm-256color', HOME: '/home/me', SECRET: 'x' }

function plan(words: string[], terminals: readonly number[]): ReturnType<typeof planEntry> {
  const input = parseWords(words, { options: command.options, rest_after: 1 })
  return planEntry(input, { env: all, isTerminal: (fd) => terminals.includes(fd) })
}

test('words are for the shell of the zone, with -S they are run as they are', () => {
  assert.deepEqual(plan(['z', 'ps', '-l', '|', 'wc'], []), { argv: ['/bin/sh', '-c', 'ps -l | wc'], tty: false, env: {} })
  assert.deepEqual(plan(['-S', 'z', 'sh', '-c', 'a  b'], []).argv, ['sh', '-c', 'a  b'])
})

test('a terminal inside when both ends are terminals, and only TERM goes in', () => {
  assert.deepEqual(plan(['z', 'top'], [0, 1, 2]), { argv: ['/bin/sh', '-c', 'top'], tty: true, env: { TERM: 'xterm-256color' } })
  assert.equal(plan(['z', 'top'], [0, 2]).tty, false)
  assert.equal(plan(['z', 'top'], [1, 2]).tty, false)
  assert.equal(plan(['-i', 'z', 'top'], [0, 1, 2]).tty, false)
})

test('without words a login shell: ours for root, their own for a user by name', () => {
  assert.match(plan(['z'], []).argv.join(' '), /bash -l.*sh -l/)
  assert.match(plan(['-l', '1000', 'z'], []).argv.join(' '), /bash -l/)
  assert.deepEqual(plan(['-l', 'anna', 'z'], [0, 1]), { argv: [], tty: true, user: 'anna', env: { TERM: 'xterm-256color' } })
})
