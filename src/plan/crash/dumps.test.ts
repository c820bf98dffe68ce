import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crashFileName, crashTime, findFirstLine, isCrashFile, parseDumps, planCrashRemoval } from './dumps.ts'

const at_ms = Date.UTC(2026, 10, 23, 23, 46, 0)

test('parts of one panic are put together, the newest last', () => {
  const dumps = parseDumps([
    { name: 'dmesg-efi_pstore-1', text: 'Panic#1 Part1\n<0>[ 3.79] Kernel panic - not syncing: end\n', at_ms },
    { name: 'dmesg-efi_pstore-3', text: 'Panic#1 Part3\n<6>[ 0.00] first\n', at_ms: at_ms + 10 },
    { name: 'dmesg-efi_pstore-2', text: 'Panic#1 Part2\n<6>[ 1.00] middle\n', at_ms: at_ms + 5 },
  ])
  assert.equal(dumps.length, 1)
  assert.equal(dumps[0]?.text, '<6>[ 0.00] first\n<6>[ 1.00] middle\n<0>[ 3.79] Kernel panic - not syncing: end\n')
  assert.deepEqual(dumps[0]?.records.toSorted(), ['dmesg-efi_pstore-1', 'dmesg-efi_pstore-2', 'dmesg-efi_pstore-3'])
})

test('an oops and the panic it led to are one; panics of two boots are two, and so is an oops that was survived', () => {
  const dumps = parseDumps([
    { name: 'dmesg-ramoops-3', text: 'Oops#1 Part1\nsurvived\n', at_ms: at_ms - 600_000 },
    { name: 'dmesg-ramoops-2', text: 'Panic#1 Part1\nlate\n', at_ms: at_ms + 60_000 },
    { name: 'dmesg-ramoops-1', text: 'Panic#2 Part1\nb\n', at_ms: at_ms + 1 },
    { name: 'dmesg-ramoops-0', text: 'Oops#1 Part1\na\n', at_ms },
  ])
  assert.deepEqual(dumps.map(crashFileName), ['crash.20261123T233600Z.oops.1', 'crash.20261123T234600Z.panic.2', 'crash.20261123T234700Z.panic.1'])
  assert.deepEqual(dumps[1]?.records, ['dmesg-ramoops-1', 'dmesg-ramoops-0'])
  assert.equal(dumps[1]?.text, 'b\n\nThe oops before it:\na\n')
  assert.ok(dumps.map(crashFileName).every(isCrashFile))
  assert.equal(crashTime('crash.20261123T234600Z.oops.1'), '2026-11-23T23:46:00Z')
})

test('records that are no kernel log are kept each by itself', () => {
  const dumps = parseDumps([
    { name: 'console-ramoops-0', text: 'one', at_ms },
    { name: 'dmesg-ramoops-0.enc.z', text: 'two', at_ms },
  ])
  assert.deepEqual(
    dumps.map((dump) => dump.text),
    ['(console-ramoops-0)\none', '(dmesg-ramoops-0.enc.z)\ntwo'],
  )
})

test('the line that says what went wrong is found, and nothing a terminal obeys is in it', () => {
  assert.equal(
    findFirstLine('<6>[ 0.1] boot\n<1>[ 3.7] BUG: unable to x\n<0>[ 3.8] Kernel panic - not syncing: Fatal\u001b[2J exception\n<4>[ 3.9] Call Trace:\n'),
    'Kernel panic - not syncing: Fatal?[2J exception',
  )
  assert.equal(findFirstLine('<4>[ 1.0] PANIC at dmu.c:1\n'), 'PANIC at dmu.c:1')
  assert.equal(findFirstLine('nothing known\n\n'), 'nothing known')
  assert.equal(findFirstLine(''), '')
})

test('the oldest go when there are too many or they are too big', () => {
  const present = ['crash.20260103T000000Z.panic.1', 'crash.20260101T000000Z.panic.1', 'crash.20260102T000000Z.panic.1'].map((name) => ({ name, bytes: 10 }))
  assert.deepEqual(planCrashRemoval(present, { files: 2, bytes: 100 }), ['crash.20260101T000000Z.panic.1'])
  assert.deepEqual(planCrashRemoval(present, { files: 9, bytes: 15 }), ['crash.20260101T000000Z.panic.1', 'crash.20260102T000000Z.panic.1'])
  assert.deepEqual(planCrashRemoval(present, { files: 3, bytes: 30 }), [])
})
