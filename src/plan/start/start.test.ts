import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseBootArguments } from './boot-arguments.ts'
import { lasting, renderLasting } from './lasting.ts'
import { planArcMax, planMinFree } from './memory.ts'
import {
  canLogIn,
  parseRootHash,
  planHostname,
  planRootHash,
  readRootHash,
  renderChronySources,
  renderHosts,
  renderResolved,
  renderSshd,
  replaceRootHash,
} from './services.ts'
import { planState, planSystemPool, type PoolFact } from './state.ts'

const nothing = { noimport: false, standby: false, failedImage: null, medium: '', healthTimeoutS: null }

describe('parseBootArguments', () => {
  const cases: [Record<string, string>, Partial<typeof nothing> | object][] = [
    [{}, {}],
    [{ noimport: 'true' }, { noimport: true }],
    [{ noimport: 'false', standby: '1' }, { standby: true }],
    [
      { 'spirula.failed': '20261123T120000Z', 'spirula.medium': 'disk' },
      { failedImage: '20261123T120000Z', medium: 'disk' },
    ],
    [{ 'spirula.failed': '../x', 'spirula.medium': 'a b' }, {}],
    [{ 'spirula.health_timeout': '20' }, { healthTimeoutS: 20 }],
    [{ 'spirula.health_timeout': '-1' }, {}],
  ]
  for (const [given, expected] of cases) test(JSON.stringify(given), () => assert.deepEqual(parseBootArguments(given), { ...nothing, ...expected }))
})

const zones: PoolFact = { name: 'zones', imported: true, reason: null, unfinished: false, locked: false }

describe('planSystemPool', () => {
  test('zones, else the one with the marker', () => {
    assert.deepEqual(planSystemPool([{ ...zones, name: 'data' }, zones], []), { kind: 'found', pool: 'zones' })
    assert.deepEqual(planSystemPool([{ ...zones, name: 'data' }], ['data']), { kind: 'found', pool: 'data' })
    assert.deepEqual(planSystemPool([{ ...zones, name: 'data' }], []), { kind: 'none', others: ['data'] })
  })
  test('one that cannot be used is a failure, one whose making was broken off is none', () => {
    assert.deepEqual(planSystemPool([{ ...zones, imported: false, reason: 'No.' }], []), { kind: 'failed', reason: 'No.' })
    assert.equal(planSystemPool([{ ...zones, locked: true }], []).kind, 'failed')
    assert.equal(planSystemPool([{ ...zones, unfinished: true }], []).kind, 'none')
  })
})

describe('planState', () => {
  const asked = { noimport: false, standby: false }
  const found = { kind: 'found', pool: 'zones' } as const
  const cases: [Parameters<typeof planState>[0], string, RegExp?][] = [
    [{ arguments: { ...asked, noimport: true }, imported: null, configured: false }, 'rescue', /noimport/],
    [{ arguments: asked, imported: found, configured: true }, 'ready'],
    [{ arguments: { ...asked, standby: true }, imported: found, configured: true }, 'standby'],
    [{ arguments: asked, imported: found, configured: false }, 'unset', /zones holds no settings/],
    [{ arguments: asked, imported: { kind: 'none', others: [] }, configured: false }, 'unset', /No disk/],
    [{ arguments: asked, imported: { kind: 'none', others: ['data'] }, configured: false }, 'unset', /\(data\)/],
    [{ arguments: asked, imported: { kind: 'reset', pool: 'zones' }, configured: false }, 'unset', /factory reset/],
    [{ arguments: asked, imported: { kind: 'failed', reason: 'It burns.' }, configured: false }, 'failed', /It burns\./],
    [{ arguments: asked, imported: null, configured: false }, 'failed', /Nothing/],
  ]
  for (const [facts, state, reason] of cases) {
    test(`${JSON.stringify(facts.imported)} ${JSON.stringify(facts.arguments)} is ${state}`, () => {
      const planned = planState(facts)
      assert.equal(planned.state, state)
      if (reason === undefined) assert.equal(planned.reason, undefined)
      else assert.match(planned.reason ?? '', reason)
    })
  }
})

describe('settings of services', () => {
  const values = new Map([
    ['dns_resolvers', '9.9.9.9, fd00::1'],
    ['dns_domain', 'example.com'],
    ['ntp_hosts', 'a.example.com,10.0.0.1'],
  ])
  test('resolved', () => {
    assert.equal(renderResolved(values), '[Resolve]\nDNS=9.9.9.9 fd00::1\nDomains=example.com\n')
    assert.equal(renderResolved(new Map()), null)
  })
  test('chrony', () => {
    assert.equal(renderChronySources(values), 'server a.example.com iburst\nserver 10.0.0.1 iburst\n')
    assert.match(renderChronySources(new Map()), /^pool /)
  })
  test('sshd takes passwords only when root has one', () => {
    assert.equal(renderSshd(['/k'], false), 'HostKey /k\nPasswordAuthentication no\nPermitRootLogin prohibit-password\n')
    assert.equal(renderSshd(['/k'], true), 'HostKey /k\nPasswordAuthentication yes\nPermitRootLogin yes\n')
  })
  test('the name is that of the settings, else made from the first nic', () => {
    assert.equal(planHostname(new Map([['hostname', 'node01']]), []), 'node01')
    assert.equal(planHostname(new Map(), ['52:54:00:00:00:02', '52:54:00:00:00:01']), 'spirula-000001')
    assert.equal(planHostname(new Map(), []), 'spirula')
  })
  test('hosts', () => assert.match(renderHosts('node01', 'example.com'), /^127\.0\.1\.1 node01\.example\.com node01$/m))
  test('the hash of root, alone or in a line of shadow', () => {
    assert.equal(parseRootHash('$6$a$b\n'), '$6$a$b')
    assert.equal(parseRootHash('daemon:*:1::::::\nroot:$y$c:1:0:9:7:::\n'), '$y$c')
    assert.equal(parseRootHash('\n'), null)
    assert.equal(parseRootHash('root::1:0\n'), null)
    assert.equal(parseRootHash('$6$a b'), null)
    assert.deepEqual([canLogIn('$6$a$b'), canLogIn('*'), canLogIn('!$6$a'), canLogIn(null)], [true, false, false, false])
  })
  test('the console is open only while no pool tells a password and the image has none', () => {
    assert.equal(readRootHash('daemon:*:1\nroot:$6$a$b:1:0:::::\n'), '$6$a$b')
    assert.equal(readRootHash('daemon:*:1\n'), '*')
    assert.equal(planRootHash({ own: null, current: '*', hasPool: false }), '')
    assert.equal(planRootHash({ own: null, current: '', hasPool: true }), '*')
    assert.equal(planRootHash({ own: null, current: '$6$image', hasPool: false }), '$6$image')
    assert.equal(planRootHash({ own: '$6$pool', current: '', hasPool: true }), '$6$pool')
  })

  test('only the hash of root is replaced, whatever is in it', () => {
    assert.equal(replaceRootHash('root:*:1:0:::::\nx:y:1\n', "$6$&$'$1"), "root:$6$&$'$1:1:0:::::\nx:y:1\n")
    assert.equal(replaceRootHash('x:y:1\n', '$6$a'), 'x:y:1\n')
  })
})

test('the kernel keeps a 128th of the memory free, within bounds', () => {
  assert.deepEqual([512, 3072, 262_144].map(planMinFree), [8 * 1024, 12 * 1024, 66 * 1024])
})

test('ZFS caches a quarter of the memory, 64 MiB at least', () => {
  assert.equal(planArcMax(4096), 2 ** 30)
  assert.equal(planArcMax(100), 64 * 2 ** 20)
})

test('what lasts has a reason, one place, and lies in no other that does', () => {
  const paths = lasting.map(({ path }) => path)
  assert.equal(new Set(paths).size, paths.length)
  for (const { path, reason } of lasting) {
    assert.ok(reason.length > 10, path)
    assert.equal(
      paths.some((other) => path.startsWith(`${other}/`)),
      false,
      path,
    )
  }
  assert.deepEqual(renderLasting(lasting[0]!), { target: '/var/log/journal', source: '/zones/var/log/journal' })
})
