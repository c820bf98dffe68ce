import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { makeDisk, makeFacts, makePool, testKey, usualDisks } from './facts.fixture.ts'
import type { SetupFacts } from './facts.ts'
import type { Key } from './key.ts'
import { newPool } from './questions-disks.ts'
import { openQuestions } from './questions.ts'
import { renewFacts, startSetup, stepSetup, summaryItems, viewOfState, type SetupState } from './state.ts'
import { planSetupWork } from './work.ts'

const enter: Key = { name: 'enter' }
const back: Key = { name: 'back' }

function type(text: string): Key {
  return { name: 'text', text }
}

/** Empties the line, then types. */
function fill(text: string): Key[] {
  return [{ name: 'end' }, { name: 'kill-line' }, ...(text === '' ? [] : [type(text)])]
}

function press(state: SetupState, ...keys: (Key | Key[])[]): SetupState {
  return keys.flat().reduce(stepSetup, state)
}

/** Keys that answer the question that is asked, whatever was typed before. */
function answerOf(state: SetupState): Key[] {
  const { place } = state
  if (place === 'summary') return [{ name: 'end' }, enter]
  if (place === 'confirm') return [...fill('yes'), enter]
  const texts: Partial<Record<typeof place, string>> = {
    hostname: 'node01',
    admin_ip: '10.0.0.5/24',
    headnode_default_gateway: '10.0.0.1',
    dns_resolvers: '8.8.8.8',
    dns_search: '',
    ntp_host: '',
    wipe_pools: state.facts.pools.map((pool) => pool.name).join(' '),
    root_password: 'secret1',
    root_password_again: 'secret1',
    root_authorized_keys: testKey,
  }
  const text = texts[place]
  if (text !== undefined) return [...fill(text), enter]
  if (place === 'disks') return chooseAll(state)
  return place === 'pool' ? [{ name: 'end' }, enter] : [{ name: 'home' }, enter]
}

/** Space on every usable disk that is not chosen yet. */
function chooseAll(state: SetupState): Key[] {
  const chosen = viewOfState(state).text('disks').split(',')
  const keys = state.facts.disks.map((disk): Key[] =>
    disk.unusable === null && !chosen.includes(disk.name) ? [type(' '), { name: 'down' }] : [{ name: 'down' }],
  )
  return [{ name: 'home' }, ...keys.flat(), enter]
}

/** Answers to the end; how many screens that took. */
function finish(state: SetupState): { state: SetupState; screens: number } {
  let screens = 0
  while (state.outcome === null && screens < 60) {
    state = press(state, answerOf(state))
    screens += 1
  }
  return { state, screens }
}

const withPools = (): SetupFacts => makeFacts([makeDisk('sda', { pools: ['tank'] }), makeDisk('sdb'), makeDisk('sdc')], [makePool('tank')])

describe('the way through', () => {
  test('Enter alone takes what is proposed, and a key is asked for without a password', () => {
    const state = press(
      startSetup(makeFacts()),
      Array.from({ length: 12 }, () => enter),
    )
    assert.equal(state.place, 'root_authorized_keys')
    assert.match(state.complaint ?? '', /Paste a public key/)
    const done = press(state, type(testKey), enter, enter, type('yes'), enter)
    assert.equal(done.outcome, 'confirmed')
    const work = planSetupWork(viewOfState(done))
    assert.equal(work.secret, null)
    assert.equal(work.keys, `${testKey}\n`)
    assert.equal(work.pool.kind === 'create' && work.pool.layout.name, 'mirror')
    assert.match(work.config, /^hostname=node-123456\nadmin_nic=52:54:00:12:34:57\nadmin_ip=dhcp\nntp_hosts=0\.pool\.ntp\.org,1\.pool\.ntp\.org\n/m)
  })

  test('a fixed address brings its questions, and its settings', () => {
    const { state } = finish(startSetup(makeFacts()))
    assert.equal(state.outcome, 'confirmed')
    const work = planSetupWork(viewOfState(state))
    assert.match(work.config, /admin_ip=10\.0\.0\.5\nadmin_netmask=255\.255\.255\.0\nheadnode_default_gateway=10\.0\.0\.1\ndns_resolvers=8\.8\.8\.8\n$/)
    assert.deepEqual(work.secret, { password: 'secret1' })
    assert.equal(work.bootable, true)
  })

  test('a wrong answer is not taken, and stays to be corrected', () => {
    const state = press(startSetup(makeFacts()), fill('my node'), enter)
    assert.equal(state.place, 'hostname')
    assert.match(state.complaint ?? '', /A blank cannot be/)
    assert.equal(press(state, { name: 'left' }).editor.text, 'my node')
  })

  test('two passwords that differ do not pass', () => {
    const at = press(
      startSetup(makeFacts()),
      Array.from({ length: 9 }, () => enter),
    )
    assert.equal(at.place, 'root_password')
    const again = press(at, type('secret1'), enter, type('secret2'), enter)
    assert.equal(again.place, 'root_password_again')
    assert.match(again.complaint ?? '', /not the same/)
  })

  test('without ports the network is not asked', () => {
    const { state } = finish(startSetup({ ...makeFacts(), links: [] }))
    assert.equal(state.outcome, 'confirmed')
    assert.equal(planSetupWork(viewOfState(state)).config.includes('admin'), false)
  })

  test('without disks it cannot be confirmed', () => {
    const { state } = finish(startSetup(makeFacts([])))
    assert.equal(state.outcome, null)
    assert.ok(openQuestions(viewOfState(state)).includes('disks'))
  })
})

describe('pools that are there', () => {
  test('one is proposed, and nothing of disks is asked then', () => {
    const state = startSetup(withPools())
    assert.equal(viewOfState(state).text('pool'), 'tank')
    assert.deepEqual(
      summaryItems(state).filter((id) => ['disks', 'zpool_layout', 'wipe_pools', 'bootpool'].includes(id)),
      [],
    )
    const work = planSetupWork(viewOfState(startSetup(withPools(), { texts: { root_password: 'secret1' } })))
    assert.deepEqual(work.pool, { kind: 'adopt', name: 'tank' })
  })

  test('its disks are not proposed for a new one', () => {
    const state = startSetup(withPools(), { texts: { pool: newPool } })
    assert.equal(viewOfState(state).text('disks'), 'sdb,sdc')
    assert.equal(viewOfState(state).applies('wipe_pools'), false)
  })

  test('it is destroyed only when its name is typed', () => {
    const start = startSetup(withPools(), { texts: { pool: newPool, disks: 'sda,sdb' }, place: 'zpool_layout' })
    const asked = press(start, enter)
    assert.equal(asked.place, 'wipe_pools')
    for (const typed of ['', 'yes', 'tan', 'Tank', 'zones']) {
      const refused = press(asked, fill(typed), enter)
      assert.equal(refused.place, 'wipe_pools', typed)
      assert.ok(refused.complaint !== null)
    }
    const work = planSetupWork(viewOfState(press(asked, fill('tank'), enter)))
    assert.deepEqual(work.pool.kind === 'create' && work.pool.destroys, ['tank'])
  })

  test('choosing other disks afterwards spares it', () => {
    const state = startSetup(withPools(), { texts: { pool: newPool, disks: 'sdb,sdc', wipe_pools: 'tank' } })
    const work = planSetupWork(viewOfState(state))
    assert.deepEqual(work.pool.kind === 'create' && work.pool.destroys, [])
  })

  test('one that cannot be used is shown, refused, and not proposed', () => {
    const facts = makeFacts([makeDisk('sda', { pools: ['tank'] }), makeDisk('sdb')], [makePool('tank', { state: 'FAULTED' })])
    const state = startSetup(facts, { place: 'pool' })
    assert.equal(viewOfState(state).text('pool'), newPool)
    const refused = press(state, { name: 'up' }, enter)
    assert.equal(refused.place, 'pool')
    assert.match(refused.complaint ?? '', /tank cannot be used: it is FAULTED/)
  })

  test('a half made system pool counts as nothing', () => {
    const facts = makeFacts(
      [makeDisk('sda', { pools: ['zones'], in_use: true }), makeDisk('sdb', { pools: ['zones'], in_use: true })],
      [makePool('zones', { unfinished: true })],
    )
    const view = viewOfState(startSetup(facts))
    assert.equal(view.applies('pool'), false)
    assert.equal(view.text('disks'), 'sda,sdb')
    assert.equal(view.applies('wipe_pools'), false)
  })

  test('a second pool of the same name is refused', () => {
    const facts = makeFacts([makeDisk('sda', { pools: ['zones'] }), makeDisk('sdb')], [makePool('zones')])
    const state = press(startSetup(facts, { texts: { pool: newPool, disks: 'sdb' }, place: 'disks' }), enter)
    assert.match(state.complaint ?? '', /The pool zones on sda has the name/)
  })
})

describe('back and forth', () => {
  test('the summary leads to any answer and back', () => {
    const { state } = finish(startSetup(makeFacts()))
    const summary = { ...startSetup(state.facts, { texts: state.texts, place: 'summary' }) }
    const changed = press(summary, { name: 'home' }, enter, fill('other'), enter)
    assert.equal(changed.place, 'summary')
    assert.equal(viewOfState(changed).text('hostname'), 'other')
  })

  test('a change that opens other questions asks these alone', () => {
    const texts = { admin_ip: 'dhcp', root_password: 'secret1', root_password_again: 'secret1' }
    const state = press(startSetup(makeFacts(), { texts, place: 'summary' }), { name: 'home' }, { name: 'down' }, { name: 'down' }, enter)
    assert.equal(state.place, 'admin_ip')
    // The gateway that is proposed would do for 10.0.0.5/24, but not for the router itself.
    assert.equal(press(state, fill('10.0.0.5/24'), enter).place, 'summary')
    const old = press({ ...state, texts: { ...state.texts, headnode_default_gateway: '10.9.9.9' } }, fill('10.0.0.5/24'), enter)
    assert.equal(old.place, 'headnode_default_gateway')
  })

  test('a new port in the list does not move the choice', () => {
    const state = startSetup(makeFacts(), { place: 'admin_nic' })
    const links = [{ name: 'eno0', mac: '02:00:00:00:00:01', carrier: true, driver: '', speedMbps: 0 }, ...state.facts.links]
    const renewed = renewFacts(state, { ...state.facts, links })
    assert.equal(viewOfState(press(renewed, enter)).text('admin_nic'), '52:54:00:12:34:57')
  })

  const key = fc.oneof(
    { weight: 3, arbitrary: fc.constant(enter) },
    { weight: 2, arbitrary: fc.constantFrom<Key>(back, { name: 'up' }, { name: 'down' }, { name: 'tab' }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Key>(
        { name: 'interrupt' },
        { name: 'redraw' },
        { name: 'home' },
        { name: 'end' },
        { name: 'backspace' },
        { name: 'kill-line' },
        { name: 'kill-word' },
      ),
    },
    { weight: 2, arbitrary: fc.constantFrom('dhcp', 'none', '10.0.0.5/24', ' ', '1', '2', 'tank', 'secret1', testKey, 'c', 'x y').map(type) },
  )
  const facts = fc.constantFrom(
    makeFacts,
    withPools,
    () => makeFacts(usualDisks().slice(0, 1)),
    () => ({ ...makeFacts(), links: [] }),
  )

  test('going back and then forth again loses no answer', () => {
    fc.assert(
      fc.property(facts, fc.array(key, { maxLength: 40 }), fc.integer({ min: 1, max: 8 }), (make, keys, steps) => {
        const state = { ...press(startSetup(make()), keys), leaving: false, outcome: null, complaint: null }
        const there = press(
          state,
          Array.from({ length: steps }, () => back),
        )
        for (const [id, text] of Object.entries(state.texts)) {
          // The question left is kept as it was typed last; it is the only one that may differ.
          if (id !== state.place) assert.equal(there.texts[id as keyof typeof there.texts], text, id)
        }
      }),
    )
  })

  test('from wherever one is, there is a way to the end', () => {
    fc.assert(
      fc.property(facts, fc.array(key, { maxLength: 40 }), (make, keys) => {
        const reached = press(startSetup(make()), keys)
        if (reached.outcome !== null) return
        const { state, screens } = finish({ ...reached, leaving: false })
        assert.equal(state.outcome, 'confirmed', `${state.place}: ${state.complaint}`)
        assert.ok(screens < 40)
        assert.deepEqual(openQuestions(viewOfState(state)), [])
        planSetupWork(viewOfState(state))
      }),
    )
  })

  test('what is unplugged before the last yes is asked again', () => {
    const state = press(startSetup(makeFacts(), { texts: { root_password: 'secret1', root_password_again: 'secret1' }, place: 'summary' }), enter)
    assert.equal(state.place, 'confirm')
    assert.equal(press(renewFacts(state, makeFacts([])), type('yes'), enter).place, 'disks')
  })

  test('nothing is confirmed with an open question, and no pool destroyed unnamed', () => {
    fc.assert(
      fc.property(
        facts,
        fc.array(fc.oneof({ weight: 5, arbitrary: key }, { weight: 1, arbitrary: fc.constant(type('yes')) }), { maxLength: 80 }),
        (make, keys) => {
          const state = press(startSetup(make(), { texts: { root_password: 'secret1', root_password_again: 'secret1' }, place: 'summary' }), keys)
          if (state.outcome !== 'confirmed') return
          assert.deepEqual(openQuestions(viewOfState(state)), [])
          const { pool } = planSetupWork(viewOfState(state))
          if (pool.kind === 'create') for (const name of pool.destroys) assert.ok(state.texts.wipe_pools?.includes(name))
        },
      ),
    )
  })
})
