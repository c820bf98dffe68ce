import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AppError } from '#contracts/errors.ts'
import type { BootState } from '#contracts/platform/boot-state.ts'
import type { Guest } from '#plan/health/verdict.ts'
import { createFakeSystem } from '../system-fake.ts'
import { checkBoot, type CheckOptions } from './check.ts'

const state: BootState = {
  state: 'ready',
  pool: 'zones',
  stamp: 'new',
  medium: 'disk',
  started_at: '',
  hostname: 'a',
  links: [],
  host_keys: [],
  problems: [],
  steps: [],
}
const guest: Guest = { uuid: 'a', brand: 'lx', state: 'running', autoboot: true }

/** `look` tells the daemon's answer at a time in seconds since the check began; null: it does not answer. */
function check(
  look: (second: number) => { guests: Guest[]; settled?: boolean; operations?: object[] } | null,
  given: Partial<CheckOptions> & { good?: string | null } = {},
) {
  const system = createFakeSystem()
  const marked: string[] = []
  system.read = async (path) => (path === '/proc/uptime' ? `${20 + system.waitedMs / 1000} 1` : null)
  const node: CheckOptions['node'] = {
    async json<T>(id: string): Promise<T> {
      const answer = look(system.waitedMs / 1000)
      if (answer === null) throw new AppError('DaemonUnreachable', 'No.')
      return (id === 'node.status' ? { settled: answer.settled ?? true } : id === 'machine.list' ? answer.guests : (answer.operations ?? [])) as T
    },
  }
  const marks = {
    readGood: async () => (given.good === undefined ? 'old' : given.good),
    markHealthy: async (stamp: string) => {
      marked.push(stamp)
      return []
    },
  }
  const options: CheckOptions = { system, node, marks, state, timeoutMs: 60_000, readPoolHealth: async () => 'ONLINE', knownFailing: new Set(), ...given }
  return { system, marked, result: checkBoot(options) }
}

describe('checkBoot', () => {
  test('a node that is well is marked, with the times', async () => {
    const { result, marked, system } = check((second) =>
      second < 3 ? null : { guests: [{ ...guest, boot_timestamp: new Date(Date.UTC(2026, 10, 23) + 4000).toISOString() }] },
    )
    const { health, times } = await result
    assert.deepEqual([health.healthy, health.action, marked, health.guests], [true, 'marked', ['new'], { running: 1, total: 1 }])
    assert.deepEqual(times, { daemon_s: 23, first_guest_s: 23, all_guests_s: 23 })
    assert.equal(system.waitedMs, 3000)
  })

  test('the boot timestamp of a machine counts, when it can be right', async () => {
    const { result } = check(() => ({ guests: [{ ...guest, boot_timestamp: new Date(Date.UTC(2026, 10, 23) - 5000).toISOString() }] }))
    assert.deepEqual((await result).times, { daemon_s: 20, first_guest_s: 15, all_guests_s: 15 })
  })

  test('a daemon that never answers: back to the good image', async () => {
    const { result, marked, system } = check(() => null)
    const { health } = await result
    assert.deepEqual([health.healthy, health.action, health.reasons, marked], [false, 'reboot', ['The node daemon does not answer.'], []])
    assert.equal(system.waitedMs, 60_000)
  })

  test('of the good image itself there is no way back', async () => assert.equal((await check(() => null, { good: 'new' }).result).health.action, 'none'))

  test('as long as machines come up, one after the other, it is waited for', async () => {
    const { result, system } = check((second) => ({
      settled: false,
      guests: Array.from({ length: 5 }, (_, index) => ({ ...guest, uuid: String(index), state: second >= index * 50 ? 'running' : 'stopped' })),
    }))
    assert.equal((await result).health.healthy, true)
    assert.equal(system.waitedMs, 200_000)
  })

  test('a machine that cannot be started by this platform is a reason', async () => {
    const operations = [{ kind: 'machine.start', subject: 'a', state: 'failed', message: '', error: { code: 'RuntimeFailed', message: 'No crun.' } }]
    const stopped = { ...guest, state: 'stopped' }
    const { health, failing } = await check(() => ({ guests: [stopped], operations })).result
    assert.deepEqual([health.action, failing], ['reboot', ['a']])
    assert.match(health.reasons.join(), /a could not be started: No crun\./)
    const known = await check(() => ({ guests: [stopped], operations }), { knownFailing: new Set(['a']) }).result
    assert.deepEqual([known.health.action, known.health.healthy], ['marked', true])
  })

  test('a start that failed sends the node back without waiting', async () => {
    const { result, system } = check(() => null, { state: { ...state, state: 'failed', reason: 'No pool.' } })
    const { health } = await result
    assert.deepEqual([health.action, health.reasons, system.waitedMs], ['reboot', ['No pool.'], 0])
  })

  for (const name of ['unset', 'rescue', 'standby'] as const) {
    test(`a boot that is ${name} is not judged`, async () => {
      const { result, marked } = check(() => null, { state: { ...state, state: name } })
      const { health } = await result
      assert.deepEqual([health.action, health.reasons, marked], ['none', [], []])
    })
  }

  test('disks that do not take the note are told', async () => {
    const failing = { readGood: async () => 'old', markHealthy: () => Promise.reject(new Error('Both disks are read-only.')) }
    const { health } = await check(() => ({ guests: [] }), { marks: failing }).result
    assert.deepEqual([health.action, health.healthy], ['none', true])
    assert.match(health.notes.join(), /could not be noted as good: Both disks/)
  })
})
