import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { guestFileExists, writeGuestFile } from './guest-tree.ts'

async function makeTree(t: TestContext): Promise<{ root: string; outside: string }> {
  const top = await mkdtemp(join(tmpdir(), 'guest-tree-'))
  t.after(() => rm(top, { recursive: true }))
  const [root, outside] = [join(top, 'root'), join(top, 'outside')]
  await mkdir(root)
  await mkdir(outside)
  return { root, outside }
}

test('a file is made with its directories, and replaced', async (t) => {
  const { root } = await makeTree(t)
  assert.equal(await writeGuestFile(root, '/etc/hostname', 'a\n'), true)
  assert.equal(await writeGuestFile(root, '/etc/hostname', 'b\n'), true)
  assert.equal(await readFile(join(root, 'etc/hostname'), 'utf8'), 'b\n')
  assert.equal(await guestFileExists(root, '/etc/hostname'), true)
  assert.equal(await guestFileExists(root, '/etc/other/x'), false)
})

test('a link in the place of the file is replaced, not followed', async (t) => {
  const { root, outside } = await makeTree(t)
  await mkdir(join(root, 'etc'))
  await writeFile(join(outside, 'shadow'), 'secret')
  await symlink(join(outside, 'shadow'), join(root, 'etc/resolv.conf'))
  assert.equal(await writeGuestFile(root, '/etc/resolv.conf', 'nameserver\n'), true)
  assert.equal(await readFile(join(outside, 'shadow'), 'utf8'), 'secret')
})

test('a link on the way is refused', async (t) => {
  const { root, outside } = await makeTree(t)
  await symlink(outside, join(root, 'etc'))
  assert.equal(await writeGuestFile(root, '/etc/cron', 'evil'), false)
  assert.equal(await guestFileExists(root, '/etc/cron'), false)
  await assert.rejects(readFile(join(outside, 'cron')), { code: 'ENOENT' })
})

test('dots do not climb out of the tree', async (t) => {
  const { root, outside } = await makeTree(t)
  await writeGuestFile(root, '/../outside/x', 'evil')
  await assert.rejects(readFile(join(outside, 'x')), { code: 'ENOENT' })
})
