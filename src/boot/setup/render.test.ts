import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { makeDisk, makeFacts, makePool, testKey, usualDisks } from '#plan/setup/facts.fixture.ts'
import type { SetupFacts } from '#plan/setup/facts.ts'
import type { Key } from '#plan/setup/key.ts'
import { questionIds, type Texts } from '#plan/setup/question.ts'
import { startSetup, stepSetup, type Place, type SetupState } from '#plan/setup/state.ts'
import { prepareSetup } from './prepare.ts'
import { renderProgress, renderSetup } from './render.ts'
import { renderPlain, type Screen, type Size } from './screen.ts'

const sizes: readonly Size[] = [
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
]
const secret: Texts = { root_password: 'secret1', root_password_again: 'secret1' }
const fixed: Texts = { ...secret, hostname: 'node01', admin_ip: '10.0.0.5/24', root_authorized_keys: testKey }

/** Compares what a person sees, at both sizes, with what was looked at and found good. */
function show(t: TestContext, render: (size: Size) => Screen): void {
  for (const size of sizes) {
    const screen = render(size)
    assert.equal(screen.lines.length, size.rows)
    const text = renderPlain(screen)
    for (const line of text.split('\n')) assert.ok(line.length <= size.columns, `too long for ${size.columns} columns: ${line}`)
    t.assert.snapshot(`${text}caret: ${screen.caret === null ? 'none' : `${screen.caret.row},${screen.caret.column}`}\n`, { serializers: [String] })
  }
}

function at(place: Place, texts: Texts = {}, facts: SetupFacts = makeFacts()): SetupState {
  return startSetup(facts, { place, texts })
}

function press(state: SetupState, ...keys: Key[]): SetupState {
  return keys.reduce(stepSetup, state)
}

/** Twelve disks of three kinds, two of them with a pool, one with another file system. */
function manyDisks(): SetupFacts {
  const rust = Array.from({ length: 12 }, (_, index) => makeDisk(`sd${'abcdefghijkl'[index]}`, index < 2 ? { pools: ['tank'], in_use: true } : {}))
  const flash = makeDisk('nvme0n1', {
    transport: 'nvme',
    rotational: false,
    size_bytes: 400e9,
    model: 'INTEL SSDPEDMD400G4',
    file_systems: [{ path: '/dev/nvme0n1p1', type: 'ext4', label: 'data' }],
  })
  return makeFacts([...rust, flash, ...usualDisks().slice(2)], [makePool('tank')])
}

describe('each question', () => {
  for (const place of questionIds) {
    const facts = place === 'pool' || place === 'wipe_pools' ? manyDisks() : makeFacts()
    const texts = place === 'wipe_pools' ? { ...fixed, pool: '(new)', disks: 'sda,sdb' } : fixed
    test(place, (t) => show(t, (size) => renderSetup(at(place, texts, facts), size)))
  }
})

describe('the other screens', () => {
  const everything: [string, () => SetupState][] = [
    ['the summary', () => at('summary', fixed)],
    ['the summary of a pool that is used', () => at('summary', fixed, manyDisks())],
    ['the summary with something missing', () => at('summary', { admin_ip: '10.0.0.5/24', headnode_default_gateway: '10.9.9.9' })],
    ['the last question', () => at('confirm', fixed)],
    ['the last question, answered wrong', () => press(at('confirm', fixed), { name: 'text', text: 'sure' }, { name: 'enter' })],
    ['leaving', () => press(at('hostname'), { name: 'interrupt' })],
    ['a mistake', () => press(at('admin_ip', { admin_ip: '10.0.0.5' }), { name: 'enter' })],
    ['many disks', () => press(at('disks', { pool: '(new)' }, manyDisks()), { name: 'page-down' })],
    ['layouts of many disks', () => at('zpool_layout', { pool: '(new)' }, manyDisks())],
    ['a long key', () => at('root_authorized_keys', { root_authorized_keys: `${testKey}\n${testKey}` })],
    ['no disks', () => at('disks', {}, makeFacts([]))],
    ['wrong answers', () => prepareSetup({ where: 'answers.json on /dev/sdd', text: '{"hostnam": "x", "admin_ip": "10.0.0.0/24"}' }, makeFacts(), []).state],
  ]
  for (const [name, make] of everything) test(name, (t) => show(t, (size) => renderSetup(make(), size)))

  test('the work', (t) =>
    show(t, (size) =>
      renderProgress(
        [
          { title: 'The pool zones on sda and sdb', state: 'done', detail: '' },
          { title: 'Access for root', state: 'done', detail: '' },
          { title: 'The platform on the disks', state: 'running', detail: 'Copying boot_archive 42 %' },
          { title: 'Settings of the node', state: 'waiting', detail: '' },
        ],
        at('confirm', fixed),
        size,
      ),
    ))
})

test('no secret is ever on the screen', () => {
  for (const place of ['root_password', 'root_password_again', 'summary', 'confirm'] as const) {
    assert.equal(renderPlain(renderSetup(at(place, fixed), sizes[0]!)).includes('secret1'), false, place)
  }
})

test('the marked row is in sight on the smallest terminal', () => {
  for (let moves = 0; moves < 16; moves += 1) {
    const state = press(at('disks', { pool: '(new)' }, manyDisks()), ...Array.from({ length: moves }, (): Key => ({ name: 'down' })))
    const text = renderPlain(renderSetup(state, { columns: 40, rows: 14 }))
    assert.ok(text.includes(`\n > `), text)
  }
})
