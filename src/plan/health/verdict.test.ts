import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Guest, type HealthFacts, planAction, planVerdict, type StartFailure } from './verdict.ts'

const bootedAtMs = Date.parse('2026-11-24T00:00:00Z')
const guest: Guest = { uuid: 'a', brand: 'lx', state: 'stopped', autoboot: true }

function facts(guests: readonly Guest[], given: { settled?: boolean; failures?: Record<string, StartFailure>; known?: string[] } = {}): HealthFacts {
  const failures = new Map(Object.entries(given.failures ?? {}))
  return { poolHealth: 'ONLINE', daemon: { settled: given.settled ?? true, guests, failures }, knownFailing: new Set(given.known ?? []), bootedAtMs }
}

const broken: StartFailure = { code: 'RuntimeFailed', message: 'crun is broken.' }

describe('planVerdict', () => {
  const cases: [string, HealthFacts, 'well' | 'pending' | 'bad' | 'noted'][] = [
    ['no machines', facts([]), 'well'],
    ['a running one', facts([{ ...guest, state: 'running' }]), 'well'],
    ['one without autoboot', facts([{ ...guest, autoboot: false }]), 'well'],
    ['one that failed long ago', facts([{ ...guest, state: 'failed' }]), 'well'],
    ['not started yet', facts([guest], { settled: false }), 'pending'],
    ['not started at all', facts([guest]), 'noted'],
    ['ended by itself since the boot', facts([{ ...guest, exit_timestamp: '2026-11-24T00:01:00Z' }], { settled: false }), 'noted'],
    ['ended before the boot', facts([{ ...guest, exit_timestamp: '2026-11-23T00:01:00Z' }], { settled: false }), 'pending'],
    ['the platform cannot start it', facts([guest], { failures: { a: broken } }), 'bad'],
    ['its address is taken', facts([guest], { failures: { a: { code: 'AddressConflict', message: 'Taken.' } } }), 'noted'],
    ['it failed under the good image too', facts([guest], { failures: { a: broken }, known: ['a'] }), 'noted'],
    ['another of its kind runs', facts([guest, { ...guest, uuid: 'b', state: 'running' }], { failures: { a: broken } }), 'noted'],
    ['another of another kind runs', facts([guest, { ...guest, uuid: 'b', brand: 'joyent', state: 'running' }], { failures: { a: broken } }), 'bad'],
    ['the daemon does not answer', { ...facts([]), daemon: null }, 'pending'],
    ['no pool', { ...facts([]), poolHealth: null }, 'bad'],
    ['a faulted pool', { ...facts([]), poolHealth: 'SUSPENDED' }, 'bad'],
    ['a degraded pool', { ...facts([]), poolHealth: 'DEGRADED' }, 'well'],
  ]
  for (const [name, given, expected] of cases) {
    test(`${name}: ${expected}`, () => {
      const { pending, reasons, notes } = planVerdict(given)
      const found = reasons.length > 0 ? 'bad' : pending.length > 0 ? 'pending' : notes.length > 0 ? 'noted' : 'well'
      assert.equal(found, expected)
    })
  }
  test('whoever is to blame, what could not be started is known', () => {
    assert.deepEqual(planVerdict(facts([guest], { failures: { a: broken }, known: ['a'] })).failing, ['a'])
  })
})

describe('planAction', () => {
  const running = { healthy: true, counted: true, stamp: 'new', medium: 'disk', good: 'old' }
  const cases: [Partial<Omit<typeof running, 'good'> & { good: string | null }>, string][] = [
    [{}, 'marked'],
    [{ good: null }, 'marked'],
    [{ medium: 'usb' }, 'marked'],
    [{ medium: 'iso' }, 'none'],
    [{ medium: 'pxe', healthy: false }, 'none'],
    [{ healthy: false }, 'reboot'],
    [{ healthy: false, good: 'new' }, 'none'],
    [{ healthy: false, good: null }, 'none'],
    [{ counted: false }, 'none'],
    [{ counted: false, healthy: false }, 'none'],
    [{ stamp: '', healthy: false }, 'none'],
  ]
  for (const [change, expected] of cases) test(`${JSON.stringify(change)}: ${expected}`, () => assert.equal(planAction({ ...running, ...change }), expected))
})
