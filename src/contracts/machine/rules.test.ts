import assert from 'node:assert/strict'
import { test } from 'node:test'
import { machineStates } from './record.ts'
import { alreadyDone, isSnapshotName, whyNot, whyProtected } from './rules.ts'

const uuid = '5b9a6a7e-1f0c-4f3a-9c59-0f6ce1b7a001'

test('SmartOS’s sentences', () => {
  assert.equal(whyNot('start', { uuid, brand: 'lx', state: 'failed' }), 'Cannot start vm from state "failed", must be "stopped".')
  assert.equal(whyNot('reboot', { uuid, brand: 'lx', state: 'stopped' }), 'Cannot reboot vm from state "stopped", must be "running"')
  assert.equal(whyNot('info', { uuid, brand: 'lx', state: 'running' }), 'no info types supported for brand lx')
  assert.equal(whyNot('snapshot', { uuid, brand: 'kvm', state: 'stopped' }), 'snapshots for kvm VMs currently unsupported')
  assert.equal(alreadyDone('start', { uuid, brand: 'lx', state: 'running' }), `VM ${uuid} is already 'running'`)
  assert.equal(alreadyDone('stop', { uuid, brand: 'lx', state: 'failed' }), `VM ${uuid} is already not 'running' (currently: failed)`)
})

test('in each state something can be done, and stop is either possible or done', () => {
  for (const state of machineStates) {
    const machine = { uuid, brand: 'lx', state } as const
    assert.equal(whyNot('delete', machine), null)
    assert.equal(whyNot('stop', machine) === null, alreadyDone('stop', machine) === null, state)
  }
})

test('a running machine takes everything but start and info', () => {
  const machine = { uuid, brand: 'joyent-minimal', state: 'running' } as const
  for (const action of ['stop', 'reboot', 'kill', 'update', 'delete', 'snapshot', 'rollback', 'reprovision', 'send', 'console', 'enter'] as const)
    assert.equal(whyNot(action, machine), null, action)
  assert.match(whyNot('start', machine) ?? '', /must be "stopped"/)
})

test('guards', () => {
  assert.equal(whyProtected('delete', { indestructible_zoneroot: true }), 'indestructible_zoneroot is set, cannot delete')
  assert.equal(whyProtected('delete', { indestructible_delegated: true }), 'indestructible_delegated is set, cannot delete')
  assert.equal(whyProtected('reprovision', { indestructible_delegated: true }), null)
})

test('names of snapshots', () => {
  assert.deepEqual(['a', 'A-b_c.d:e%f', 'x'.repeat(64)].map(isSnapshotName), [true, true, true])
  assert.deepEqual(['', 'a b', 'a/b', 'a@b', 'x'.repeat(65), 'a\n'].map(isSnapshotName), [false, false, false, false, false, false])
})
