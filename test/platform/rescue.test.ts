import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { bootLimitMs, fromKernel, on, openLab, shutDown } from './lab.ts'

const lab = await openLab()
const directory = join(lab.directory, 'rescue')

test('a rescue boot touches no pool, a standby boot starts nothing', async (t) => {
  const disks = await lab.copyDisks('rescue')
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
