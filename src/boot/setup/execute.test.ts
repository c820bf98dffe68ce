import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { makeDisk, makeFacts, makePool, testKey } from '#plan/setup/facts.fixture.ts'
import type { Texts } from '#plan/setup/question.ts'
import { viewOf } from '#plan/setup/questions.ts'
import { configFile, planSetupWork, type SetupWork } from '#plan/setup/work.ts'
import { createFakeEffects } from './effects.fixture.ts'
import { describeFailure, executeSetup } from './execute.ts'
import type { ProgressItem } from './progress.ts'
import { lineReport, renderWork } from './lines.ts'

function workOf(texts: Texts = {}, facts = makeFacts()): SetupWork {
  return planSetupWork(viewOf(facts, {}, { root_password: 'secret1', root_password_again: 'secret1', ...texts }))
}

const names = (done: readonly string[]): string[] =>
  done.map((one) =>
    one
      .split(' ')
      .slice(0, one.startsWith('write') || one.startsWith('remove') ? 2 : 1)
      .join(' '),
  )

describe('executeSetup', () => {
  test('the settings come last', async () => {
    const effects = createFakeEffects()
    await executeSetup(workOf({ root_authorized_keys: testKey }), effects, () => {})
    assert.deepEqual(names(effects.done), [
      'createPool',
      'hashPassword',
      'write /usbkey/shadow',
      'write /usbkey/authorized_keys',
      'installPlatform',
      'write /usbkey/config',
    ])
    assert.equal(effects.files.get('/usbkey/shadow'), 'root:$6$salt$7:::::::\n')
    assert.equal(effects.files.get('/usbkey/authorized_keys'), `${testKey}\n`)
  })

  test('whatever fails, there are no settings then, so that the next boot asks again', async () => {
    for (const fail of ['createPool', 'hashPassword', 'write', 'remove', 'installPlatform']) {
      const effects = createFakeEffects({ fail })
      let last: readonly ProgressItem[] = []
      const error = await executeSetup(workOf(), effects, (items) => void (last = items)).catch((caught: unknown) => caught)
      assert.ok(error instanceof Error, fail)
      assert.equal(effects.files.has(configFile), false, fail)
      assert.equal(last.filter((item) => item.state === 'failed').length, 1, fail)
      assert.match(describeFailure(last, error).join(), /^".+" failed: The disk sdb does not answer any more\. Way out: look at its cable\.$/)
    }
  })

  test('a pool that is used keeps its old settings beside the new ones', async () => {
    const facts = makeFacts([makeDisk('sda', { pools: ['tank'] })], [makePool('tank')])
    const effects = createFakeEffects()
    effects.files.set(configFile, 'hostname=old\n')
    await executeSetup(workOf({}, facts), effects, () => {})
    assert.equal(effects.files.get(`${configFile}.before-setup`), 'hostname=old\n')
    assert.deepEqual(names(effects.done).slice(0, 2), ['adoptPool', 'hashPassword'])
    assert.equal(
      effects.done.some((one) => one.startsWith('createPool')),
      false,
    )
  })

  test('without a password root is locked for passwords', async () => {
    const effects = createFakeEffects()
    await executeSetup(workOf({ root_password: '', root_authorized_keys: testKey }), effects, () => {})
    assert.equal(effects.files.get('/usbkey/shadow'), 'root:*:::::::\n')
  })

  test('as lines: each step when it begins and when it has ended', async () => {
    const lines: string[] = []
    await executeSetup(
      workOf(),
      createFakeEffects(),
      lineReport((text) => void lines.push(text)),
    )
    assert.equal(
      lines.join(''),
      [
        '  ..  The pool zones on sda and sdb\n      Dividing the disks\n  ok  The pool zones on sda and sdb\n',
        '  ..  Access for root\n  ok  Access for root\n',
        '  ..  The platform on the disks\n      Copying the image\n  ok  The platform on the disks\n',
        '  ..  Settings of the node\n  ok  Settings of the node\n',
      ].join(''),
    )
  })

  test('as lines: a long copy is told in quarters', () => {
    let text = ''
    const report = lineReport((line) => void (text += line.trim() + '; '))
    for (let percent = 0; percent <= 100; percent += 1) report([{ title: 'Copy', state: 'running', detail: `Writing ${percent} %` }])
    assert.equal(text, '..  Copy; Writing 0 %; Writing 25 %; Writing 50 %; Writing 75 %; Writing 100 %; ')
  })

  test('what would be done is told without secrets', () => {
    const text = renderWork(workOf({ root_authorized_keys: testKey }))
    assert.match(text, /Would make the pool zones: mirror of sda sdb, holds 2 TB\./)
    assert.match(text, /Would let root log in with a password and 1 ssh key\(s\)\./)
    assert.equal(text.includes('secret1'), false)
  })
})
