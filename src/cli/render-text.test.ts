import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '#contracts/errors.ts'
import type { MachineEvent } from '#contracts/machine/event.ts'
import { makeOperation } from '../../test/harness/fake-daemon.ts'
import { parseTag } from './nictagadm/tag-spec.ts'
import { renderParsableTags, renderTagTable } from './nictagadm/render-tags.ts'
import { renderProgress } from './progress.ts'
import { renderError } from './render-error.ts'
import { renderShellFacts } from './sysinfo/shell-facts.ts'
import { renderEvent } from './vmadm/render-event.ts'
import { renderPlan } from './vmadm/plan-text.ts'
import { globalZone, renderParsableZones, renderZoneTable } from './zoneadm/render-zones.ts'

const uuid = '5b9a6a7e-1f0c-4f3a-9c59-0f6ce1b7a001'

test('zoneadm list: the node and a zone', () => {
  const zone = { id: '3', name: uuid, state: 'running', path: `/zones/${uuid}`, uuid, brand: 'lx', ipType: 'excl' as const }
  assert.equal(renderParsableZones([globalZone, zone]), `0:global:running:/::liveimg:shared\n3:${uuid}:running:/zones/${uuid}:${uuid}:lx:excl\n`)
  assert.equal(renderZoneTable([globalZone]).split('\n')[0], '  ID NAME             STATUS     PATH                           BRAND    IP')
  assert.equal(renderZoneTable([globalZone]).split('\n')[1], '   0 global           running    /                              liveimg  shared')
})

test('nictagadm list: table, and colons escaped', () => {
  const tags = [
    { name: 'admin', type: 'normal' as const, mac: '00:0c:29:1c:5e:11', mtu: 1500, link: 'eth0' },
    { name: 'stub0', type: 'etherstub' as const, mac: '-', mtu: 1500, link: 'br-stub0' },
  ]
  assert.equal(
    renderTagTable(tags),
    `${[
      'NAME           MACADDRESS         LINK           TYPE',
      'admin          00:0c:29:1c:5e:11  eth0           normal',
      'stub0          -                  br-stub0       etherstub',
    ].join('\n')}\n`,
  )
  assert.equal(renderParsableTags(tags.slice(0, 1), ':'), 'admin:00\\:0c\\:29\\:1c\\:5e\\:11:eth0:normal\n')
  assert.equal(renderParsableTags(tags.slice(0, 1), ','), 'admin,00:0c:29:1c:5e:11,eth0,normal\n')
})

test('nictagadm add: what the words stand for', () => {
  const words = { name: 'external', mac: '0:C:29:1c:5e:11', isEtherstub: false, properties: ['mtu=9000'] }
  assert.deepEqual(parseTag(words), { name: 'external', type: 'normal', mac: '00:0c:29:1c:5e:11', mtu: 9000 })
  const stub = { name: 'stub0', mac: undefined, isEtherstub: true, properties: ['host_address=10.0.0.1/24,nat=true', 'host_address=fd00::1/64'] }
  assert.deepEqual(parseTag(stub), { name: 'stub0', type: 'etherstub', mac: '-', mtu: 1500, host_addresses: ['10.0.0.1/24', 'fd00::1/64'], nat: true })
})

const badTags: [string, Parameters<typeof parseTag>[0], string][] = [
  ['a dash in the name', { name: 'a-b', mac: undefined, isEtherstub: false, properties: [] }, 'InvalidPayload'],
  ['an etherstub without digit', { name: 'stub', mac: undefined, isEtherstub: true, properties: [] }, 'InvalidPayload'],
  ['31 letters', { name: 'a'.repeat(31), mac: undefined, isEtherstub: false, properties: [] }, 'InvalidPayload'],
  ['a small mtu', { name: 'a', mac: undefined, isEtherstub: false, properties: ['mtu=1499'] }, 'InvalidPayload'],
  ['no MAC address', { name: 'a', mac: 'eth0', isEtherstub: false, properties: [] }, 'InvalidPayload'],
  ['an unknown property', { name: 'a', mac: undefined, isEtherstub: false, properties: ['mtv=1500'] }, 'Usage'],
]
for (const [name, words, code] of badTags) test(`nictagadm add refuses ${name}`, () => assert.throws(() => parseTag(words), { code }))

test('vmadm events: one line a difference, short and full', () => {
  const vm = { alias: 'web01', zonename: uuid } as unknown as Extract<MachineEvent, { type: 'modify' }>['vm']
  const event: MachineEvent = {
    type: 'modify',
    seq: 1,
    date: '2026-11-20T10:11:12.345Z',
    zonename: uuid,
    uuid,
    vm,
    changes: [
      { prettyPath: 'ram', path: ['ram'], action: 'changed', oldValue: 256, newValue: 512 },
      { prettyPath: 'tags.role', path: ['tags', 'role'], action: 'added', newValue: 'web' },
    ],
  }
  assert.equal(
    renderEvent(event, false),
    '[10:11:12.345Z] 5b9a6a7e web01 ram changed :: 256 -> 512\n[10:11:12.345Z] 5b9a6a7e web01 tags.role added :: - -> "web"\n',
  )
  assert.match(renderEvent(event, true), new RegExp(`^\\[2026-11-20T10:11:12.345Z\\] ${uuid} web01 ram`))
  assert.equal(renderEvent({ ...event, type: 'delete', changes: [] }, false), '[10:11:12.345Z] 5b9a6a7e web01 delete\n')
})

test('progress is one line that fits and cannot move the cursor', () => {
  const event = { type: 'progress' as const, operation: makeOperation({ step: 1, steps: 3, message: 'zone.boot\u001B[2J\nx' }) }
  assert.equal(renderProgress(event, 80), '[1/3] zone.boot [2J x')
  assert.equal(renderProgress(event, 10).length, 9)
  assert.equal(renderProgress({ ...event, operation: makeOperation({ state: 'cancelling', message: 'zone.boot', steps: 0 }) }, 80), 'Undoing: zone.boot')
})

test('an error tells details, reasons, last words and what to type', () => {
  const error = new AppError('InvalidPayload', 'The payload is wrong.', {
    details: [{ path: 'quota', message: 'must be a whole number' }],
    internal: 'mount: no such file\n',
    cause: new Error('reason one', { cause: new Error('reason two') }),
    hint: 'vmadm validate create',
  })
  assert.equal(
    renderError('First.', error),
    `${[
      'First.',
      '  quota: must be a whole number',
      '  because: reason one',
      '  because: reason two',
      '  mount: no such file',
      'hint: vmadm validate create',
    ].join('\n')}\n`,
  )
})

test('facts for a shell', () => {
  const facts = { 'Live Image': `it's`, 'Network Interfaces': { eth0: { 'MAC Address': 'x', 'NIC Names': ['a', 'b'] } }, 'VM Capable': true }
  assert.equal(
    renderShellFacts(facts),
    `Live_Image='it'\\''s'\nNetwork_Interfaces_eth0_MAC_Address='x'\nNetwork_Interfaces_eth0_NIC_Names='a,b'\nVM_Capable='true'\n`,
  )
})

test('a dry run lists its steps', () => {
  const result = {
    steps: [
      { kind: 'dataset.clone', image_uuid: 'i', quota: 10 },
      { kind: 'record.write', record: { secret: 1 } },
    ],
  }
  assert.equal(renderPlan(makeOperation({ result })), '1. dataset.clone  image_uuid=i  quota=10\n2. record.write\n')
  assert.equal(renderPlan(makeOperation({ result: { steps: [] } })), 'Nothing to do.\n')
})
