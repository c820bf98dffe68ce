import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { applyAnswers, parseAnswers, startPlace, type AppliedAnswers } from './answers.ts'
import { makeDisk, makeFacts, makePool, testKey } from './facts.fixture.ts'
import type { SetupFacts } from './facts.ts'
import { viewOf } from './questions.ts'
import { planSetupWork, type SetupWork } from './work.ts'

const whole = {
  hostname: 'node01',
  admin_nic: '52:54:0:12:34:57',
  admin_ip: 'dhcp',
  zpool_layout: 'default',
  root_password: 'secret1',
  skip_final_confirm: true,
}

function apply(answers: unknown, facts: SetupFacts = makeFacts()): AppliedAnswers {
  const read = parseAnswers(JSON.stringify(answers))
  assert.deepEqual(read.problems, [])
  return applyAnswers(read.answers, facts)
}

function workOf(applied: AppliedAnswers, facts: SetupFacts = makeFacts()): SetupWork {
  assert.deepEqual(applied.problems, [])
  assert.equal(applied.complete, true)
  return planSetupWork(viewOf(facts, applied.given, applied.texts))
}

describe('answers that leave nothing to ask', () => {
  test('the least there is', () => {
    const work = workOf(apply(whole))
    assert.match(work.config, /hostname=node01\nadmin_nic=52:54:00:12:34:57\nadmin_ip=dhcp\n/)
    assert.equal(work.pool.kind === 'create' && work.pool.layout.shape, 'mirror of sda sdb')
  })

  test('what came over the network does so again, unless told', () => {
    const netbooted = { ...makeFacts(), netboot: true }
    assert.equal(workOf(apply(whole)).bootable, true)
    assert.equal(workOf(apply(whole, netbooted), netbooted).bootable, false)
    const told = { ...whole, bootpool: 'zones' }
    assert.equal(workOf(apply(told, netbooted), netbooted).bootable, true)
  })

  test("SmartOS's own keys", () => {
    const file = {
      config_console: 'text',
      skip_instructions: true,
      simple_headers: true,
      admin_nic: 'eno1',
      admin_ip: '10.0.0.9',
      admin_netmask: '255.255.255.0',
      headnode_default_gateway: '10.0.0.1',
      dns_resolver1: '<default>',
      dns_resolver2: '<default>',
      dns_search: 'lab.example.com',
      ntp_host: '<default>',
      skip_ntp_check: 'false',
      zpool_layout: 'yes',
      zpool_confirm_layout: 'yes',
      install_pkgsrc: 'n',
      bootpool: 'none',
      root_password: 'secret1',
      hostname: '<default>',
      skip_final_summary: 'true',
      skip_final_confirm: 'true',
    }
    const applied = apply(file)
    assert.equal(applied.skipConfirm, true)
    const work = workOf(applied)
    assert.match(
      work.config,
      /^hostname=node-123456\nadmin_nic=52:54:00:12:34:56\nadmin_ip=10\.0\.0\.9\nadmin_netmask=255\.255\.255\.0\nheadnode_default_gateway=10\.0\.0\.1\ndns_resolvers=8\.8\.8\.8,8\.8\.4\.4\ndns_search=lab\.example\.com\nntp_hosts=0\.pool/m,
    )
    assert.equal(work.bootable, false)
  })

  test('ours: disks by serial number, a hash, keys, a domain', () => {
    const hash = '$6$saltsalt$0123456789012345678901234567890123456789'
    const work = workOf(
      apply({
        ...whole,
        root_password: undefined,
        root_shadow: hash,
        root_authorized_keys: [testKey],
        disks: ['WD-SDB'],
        zpool_layout: 'single',
        dns_domain: 'lab',
      }),
    )
    assert.deepEqual(work.secret, { hash })
    assert.equal(work.keys, `${testKey}\n`)
    assert.deepEqual(work.pool.kind === 'create' && work.pool.layout.disks, ['sdb'])
    assert.match(work.config, /dns_domain=lab\n$/)
  })

  test('a layout written out', () => {
    const layout = { vdevs: [{ type: 'mirror', devices: [{ name: '/dev/sda' }, { name: 'WD-SDB' }] }] }
    const work = workOf(apply({ ...whole, zpool_layout: layout }))
    assert.equal(work.pool.kind === 'create' && work.pool.layout.name, 'custom')
    assert.deepEqual(work.pool.kind === 'create' && work.pool.layout.value, { vdevs: [{ type: 'mirror', devices: [{ name: 'sda' }, { name: 'sdb' }] }] })
  })

  test('without skip_final_confirm the summary is shown, or only the last question', () => {
    const applied = apply({ ...whole, skip_final_confirm: false })
    assert.equal(startPlace(applied, makeFacts()), 'summary')
    assert.equal(startPlace({ ...applied, skipSummary: true }, makeFacts()), 'confirm')
  })
})

describe('answers that leave something to ask', () => {
  const gaps: [string, Record<string, unknown>][] = [
    ['no port named of two', { ...whole, admin_nic: undefined }],
    ['no address', { ...whole, admin_ip: undefined }],
    ['no gateway for a fixed address', { ...whole, admin_ip: '10.0.0.9/24' }],
    ['nothing of disks', { ...whole, zpool_layout: undefined }],
    ['disks by hand', { ...whole, zpool_layout: 'manual' }],
    ['no way in', { ...whole, root_password: undefined }],
    ['an empty file', {}],
  ]
  for (const [name, file] of gaps) {
    test(name, () => {
      const applied = apply(file)
      assert.deepEqual(applied.problems, [])
      assert.equal(applied.complete, false)
      assert.equal(startPlace(applied, makeFacts()), 'hostname')
    })
  }

  test('what is there is proposed', () => {
    const applied = apply({ hostname: 'node07' })
    assert.equal(viewOf(makeFacts(), applied.given, applied.texts).text('hostname'), 'node07')
  })
})

describe('answers that are wrong here', () => {
  const mistakes: [string, Record<string, unknown>, RegExp][] = [
    ['a port that is not there', { admin_nic: '52:54:00:00:00:99' }, /^admin_nic "52:54:00:00:00:99": Choose one of the ports/],
    ['a disk that is not there', { disks: ['sdx'] }, /^disks "sdx": There is no disk sdx/],
    ['the boot medium as a disk', { disks: ['sdz'] }, /sdz cannot be used: boot medium/],
    ['a layout these disks cannot make', { zpool_layout: 'raidz3' }, /^zpool_layout "raidz3"/],
    ['a layout with a strange disk', { zpool_layout: { vdevs: [{ name: 'sdx' }] } }, /^zpool_layout: there is no disk sdx/],
    [
      'a layout with a disk twice',
      { zpool_layout: { vdevs: [{ type: 'mirror', devices: [{ name: 'sda' }, { name: '/dev/sda' }] }] } },
      /sda stands in it twice/,
    ],
    ['a pool that is not there', { pool: 'tank', zpool_layout: undefined }, /^pool "tank"/],
    ['a netmask that is none', { admin_ip: '10.0.0.9', admin_netmask: '255.0.255.0' }, /^admin_netmask/],
    ['a gateway elsewhere', { admin_ip: '10.0.0.9/24', headnode_default_gateway: '10.1.0.1' }, /not in the network/],
    ['a short password, which is not shown', { root_password: 'abc' }, /^root_password: At least 6/],
    ['half a key', { root_authorized_keys: testKey.slice(0, 50) }, /^root_authorized_keys .*not whole/],
    ['a hash that is none', { root_shadow: 'secret' }, /^root_shadow/],
  ]
  for (const [name, change, sentence] of mistakes) {
    test(name, () => {
      const applied = apply({ ...whole, ...change })
      assert.equal(applied.complete, false)
      assert.match(applied.problems[0] ?? '', sentence)
    })
  }

  const pooled = makeFacts([makeDisk('sda', { pools: ['tank'] }), makeDisk('sdb')], [makePool('tank')])

  test('a disk of a pool that may not be destroyed', () => {
    const applied = apply({ ...whole, disks: ['sda', 'sdb'] }, pooled)
    assert.equal(applied.complete, false)
  })

  test('a pool may be destroyed when it is named, also among others that are not here', () => {
    const work = workOf(apply({ ...whole, disks: ['sda', 'sdb'], wipe_pools: ['other', 'tank'] }, pooled), pooled)
    assert.deepEqual(work.pool.kind === 'create' && work.pool.destroys, ['tank'])
  })

  test('a pool is used when it is named, never by default', () => {
    assert.deepEqual(workOf(apply({ ...whole, zpool_layout: undefined, pool: 'tank' }, pooled), pooled).pool, { kind: 'adopt', name: 'tank' })
    const fresh = workOf(apply(whole, pooled), pooled).pool
    assert.deepEqual(fresh.kind === 'create' && fresh.layout.disks, ['sdb'])
  })
})

describe('parseAnswers', () => {
  const texts: [string, RegExp][] = [
    ['{ "hostnam": "x" }', /"hostnam" is not a key of an answers file; did you mean hostname\?/],
    ['{ "frobnicate": 1 }', /"frobnicate" is not a key of an answers file\.$/],
    ['{ "hostname": 7 }', /^hostname: the value does not fit/],
    ['{ "disks": ["sda", 7] }', /^disks\.1: the value does not fit/],
    ['{ "hostname": "x",\n }', /The file is not JSON\. Line 2, column 2/],
    ['[]', /must hold one JSON object/],
    ['', /The file is not JSON/],
  ]
  for (const [text, sentence] of texts) {
    test(`${JSON.stringify(text)} is told`, () => assert.match(parseAnswers(text).problems[0] ?? '', sentence))
  }

  test('what is right beside it is kept', () => {
    assert.deepEqual(parseAnswers('{ "hostname": "a", "__proto__": 1, "nope": 2 }').answers, { hostname: 'a' })
  })

  test('no text makes it throw', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.object().map((value) => JSON.stringify(value)),
        ),
        (text) => void parseAnswers(text),
      ),
    )
  })

  test('no answers make applying throw', () => {
    const any = fc.record(
      Object.fromEntries(
        ['hostname', 'admin_nic', 'admin_ip', 'admin_netmask', 'pool', 'zpool_layout', 'bootpool', 'root_password', 'root_shadow', 'dns_resolvers'].map(
          (key) => [key, fc.oneof(fc.string(), fc.constantFrom('<default>', 'dhcp', 'mirror', 'tank'))],
        ),
      ),
      { requiredKeys: [] },
    )
    fc.assert(fc.property(any, (answers) => void applyAnswers(parseAnswers(JSON.stringify(answers)).answers, makeFacts())))
  })
})
