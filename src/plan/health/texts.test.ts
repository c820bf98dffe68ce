import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BootHealth, BootState } from '#contracts/platform/boot-state.ts'
import { renderStatus } from './status.ts'
import { renderIssue, renderMotd } from './texts.ts'

const state: BootState = {
  state: 'ready',
  pool: 'zones',
  stamp: '20261124T000000Z',
  medium: 'disk',
  started_at: '2026-11-24T00:00:00Z',
  hostname: 'node01',
  links: ['br-admin', 'external0'],
  host_keys: [],
  problems: ['A problem.'],
  steps: [{ name: 'import', outcome: 'done', detail: 'zones ONLINE', duration_ms: 12 }],
}
const health: BootHealth = {
  stamp: state.stamp,
  healthy: true,
  reasons: [],
  notes: ['A note.'],
  guests: { running: 3, total: 4 },
  action: 'marked',
  checked_at: '2026-11-24T00:01:00Z',
}
const pool = { name: 'zones', health: 'ONLINE', size_bytes: 100 * 2 ** 30, used_bytes: 1.5 * 2 ** 30 }

test('a login is shown how the node is, what is wrong and what is next', () => {
  const text = renderMotd({
    state: { ...state, failed_image: '20261125T000000Z' },
    health,
    pool: { ...pool, health: 'DEGRADED' },
    crashes: 2,
    fingerprints: [],
  })
  for (const part of [
    /Spirula 20261124T000000Z/,
    /node01/,
    /zones DEGRADED, 1\.5 GiB of 100 GiB used/,
    /3 of 4 running/,
    /! The platform 20261125T000000Z failed/,
    /! The pool zones is DEGRADED: zpool status zones/,
    /died 2 times: spirula-boot crash/,
    /! A problem\./,
    /! A note\./,
    /vmadm list/,
  ])
    assert.match(text, part)
})

test('of a node that is well nothing is wrong', () => {
  assert.doesNotMatch(renderMotd({ state: { ...state, problems: [] }, health: { ...health, notes: [] }, pool, crashes: 0, fingerprints: [] }), /!/)
})

test('each state has its next step', () => {
  const next = { unset: /spirula-boot setup/, rescue: /reboot/, failed: /spirula-boot start/, standby: /reboot/, ready: /vmadm list/ }
  for (const [name, pattern] of Object.entries(next)) {
    const one = { ...state, state: name as BootState['state'], reason: 'It is so.' }
    assert.match(renderMotd({ state: one, health: null, pool: null, crashes: 0, fingerprints: [] }), pattern)
  }
})

test('the console asks agetty for the addresses and escapes what is ours', () => {
  const text = renderIssue({ state: { ...state, state: 'failed', reason: 'A \\l in it.' }, fingerprints: ['SHA256:x (ED25519)'] })
  assert.match(text, /address {2}\\4\{br-admin\}\n {2}address {2}\\4\{external0\}\n {2}ssh {6}SHA256:x/)
  assert.match(text, /failed: A \\\\l in it\./)
  assert.match(renderIssue({ state: { ...state, links: [] }, fingerprints: [] }), /address {2}\\4\n/)
})

test('status tells steps, times and problems', () => {
  const text = renderStatus({ state, health, times: { start_s: 1.25, ssh_s: 13, daemon_s: 15.5, first_guest_s: null, all_guests_s: null } })
  assert.match(text, /good; this platform is the good one now/)
  assert.match(text, /ssh +13\.0\n {2}node daemon +15\.5\n {2}first guest +-/)
  assert.match(text, /import +done +12 ms {2}zones ONLINE/)
  assert.match(text, /Problems:\n {2}A problem\.\n {2}A note\./)
  assert.match(renderStatus({ state: { ...state, state: 'unset' }, health: null, times: null }), /not judged/)
})
