import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeSystem } from '../system-fake.ts'
import { keepPassword } from './keep-password.ts'

const shadow = (hash: string): string => `root:${hash}:1:0:99999:7:::\ndaemon:*:1::::::\n`
const files = { '/usbkey/config': '', '/etc/shadow': shadow('$6$new$x'), '/platform/etc/shadow': shadow('$6$image$x'), '/usbkey/shadow': '$6$old$x\n' }

test('a new password of root is kept', async () => {
  const system = createFakeSystem({ files })
  assert.equal(await keepPassword(system), true)
  assert.equal(system.files.get('/usbkey/shadow'), '$6$new$x\n')
  assert.equal(await keepPassword(system), false)
})

const cases: [string, Record<string, string>][] = [
  ['the image’s own', { '/etc/shadow': shadow('$6$image$x') }],
  ['a locked one', { '/etc/shadow': shadow('!$6$new$x') }],
  ['an empty one', { '/etc/shadow': shadow('') }],
]
for (const [name, change] of cases) {
  test(`${name} is not kept`, async () => {
    const system = createFakeSystem({ files: { ...files, ...change } })
    assert.equal(await keepPassword(system), false)
    assert.equal(system.files.get('/usbkey/shadow'), '$6$old$x\n')
  })
}

test('without settings there is nowhere to keep it', async () => {
  const { '/usbkey/config': _, ...others } = files
  assert.equal(await keepPassword(createFakeSystem({ files: others })), false)
})
