import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { bootLimitMs, createZone, fromKernel, on, openLab, shutDown, waitForHealth } from './lab.ts'

const lab = await openLab()
const directory = join(lab.directory, 'move')

test('a pool moved to another machine comes up there with its machines', async (t) => {
  const disks = await lab.copyDisks('move')
  const first = await lab.start({ name: 'node1', directory, disks, boot: fromKernel(lab.first) })
  t.after(() => first.kill())
  await waitForHealth(first)
  const running = await createZone(first, { alias: 'running', autoboot: true })
  const stopped = await createZone(first, { alias: 'stopped', autoboot: false })
  await on(first, `vmadm stop ${stopped}`)
  // Not switched off in order: the disks are pulled.
  await on(first, 'sync')
  await first.kill()

  // Another machine: other MAC addresses, another UUID, and the disks in other places.
  const second = await lab.start({ name: 'other', directory, disks: disks.toReversed(), boot: fromKernel(lab.first) })
  t.after(() => second.kill())
  const { state, health } = await waitForHealth(second)
  assert.equal(state.hostname, 'node1')
  assert.deepEqual(health.guests, { running: 1, total: 2 })
  const listed = (await on(second, 'vmadm list -p -o uuid,alias,state')).trim().split('\n').toSorted()
  assert.deepEqual(listed, [`${running}:running:running`, `${stopped}:stopped:stopped`].toSorted())
  assert.equal((await on(second, `zlogin ${running} cat /root/mark`)).trim(), 'running')
  await shutDown(second)
})

test('a rescue boot touches no pool, a standby boot starts nothing', async (t) => {
  const disks = await lab.copyDisks('move')
  const rescue = await lab.start({ name: 'node1', directory, disks, boot: fromKernel(lab.first, 'noimport=true') })
  t.after(() => rescue.kill())
  // The image has no password, so whoever has the console is let in.
  await rescue.console.waitFor(/state +rescue[\s\S]* login: $/, bootLimitMs)
  rescue.send('root\n')
  await rescue.console.waitFor(/root@\S+:~# $/, 60_000)
  rescue.send('zpool list -H | wc -l; systemctl is-active spirula; cat /run/spirula/boot.json | grep -c rescue\n')
  await rescue.console.waitFor(/^0\r?\ninactive\r?\n[1-9]/m, 60_000)
  await rescue.kill()

  const standby = await lab.start({ name: 'node1', directory, disks, boot: fromKernel(lab.first, 'standby=true') })
  t.after(() => standby.kill())
  await standby.waitForSsh(bootLimitMs)
  assert.equal((await on(standby, 'zpool list -Ho name')).trim(), 'zones')
  assert.equal((await standby.ssh('systemctl is-active spirula')).stdout.trim(), 'inactive')
  await shutDown(standby)
})
