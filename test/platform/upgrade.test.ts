import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { renderMac } from '../../src/platform/run/identity.ts'
import { readFreePort } from '../../src/platform/run/ssh.ts'
import { createZone, type Guest, on, openLab, reboot, shutDown, waitForHealth } from './lab.ts'
import { createBrokenImage } from './images.ts'
import { serveDirectory } from './serve.ts'

// One node through a new image, back to the old one, and out of an image that does not work.

const lab = await openLab()
const directory = join(lab.directory, 'upgrade')

test('a node is upgraded by a reboot, and keeps its machines', async (t) => {
  const disks = await lab.copyDisks('upgrade')
  const server = await serveDirectory(join(lab.directory, 'images'))
  t.after(() => server.close())
  const source = (stamp: string): string => `http://10.0.2.2:${server.port}/platform-${stamp}`
  const nic = { kind: 'user', mac: renderMac('node1', 0), sshPort: await readFreePort() } as const
  const guest = await lab.start({ name: 'node1', directory, disks, boot: { from: 'disk' }, nics: [nic] })
  t.after(() => guest.kill())
  await waitForHealth(guest)
  const zone = await createZone(guest, { alias: 'kept', autoboot: true })

  await t.test('to a second image', async () => {
    await on(guest, `piadm install ${source(lab.second.stamp)}`)
    await on(guest, `piadm activate ${lab.second.stamp}`)
    await reboot(guest)
    const { state, health } = await waitForHealth(guest)
    assert.equal(state.stamp, lab.second.stamp)
    assert.equal(health.action, 'marked')
    assert.deepEqual(health.guests, { running: 1, total: 1 })
    assert.equal((await on(guest, `zlogin ${zone} cat /root/mark`)).trim(), 'kept')
  })

  await t.test('and back, by a fast reboot that leaves out firmware and boot menu', async () => {
    await on(guest, `piadm activate ${lab.first.stamp}`)
    const menus = countMenus(guest)
    await reboot(guest, 'piadm reboot --fast')
    assert.equal(countMenus(guest), menus)
    assert.equal((await waitForHealth(guest)).state.stamp, lab.first.stamp)
    assert.equal((await on(guest, `zlogin ${zone} cat /root/mark`)).trim(), 'kept')
  })

  await t.test('an image whose checksums are wrong is refused, and nothing changes', async () => {
    const before = await on(guest, 'piadm list')
    const broken = await createBrokenImage(lab, { stamp: '20260103T000000Z', kind: 'checksum' })
    const { exitCode, stderr } = await guest.ssh(`piadm install ${source(broken)}`)
    assert.equal(exitCode, 1, stderr)
    assert.match(stderr, /boot_archive is not what its checksum says/)
    assert.equal(await on(guest, 'piadm list'), before)
  })

  await t.test('neither the image that runs nor the last good one can be removed', async () => {
    const { exitCode, stderr } = await guest.ssh(`piadm remove ${lab.first.stamp}`)
    assert.notEqual(exitCode, 0)
    assert.match(stderr, new RegExp(lab.first.stamp))
  })

  await t.test('an image that does not come up is given up after two boots, and the node says so', async () => {
    const broken = await createBrokenImage(lab, { stamp: '20260104T000000Z', kind: 'boot' })
    await on(guest, `piadm install ${source(broken)}`)
    await on(guest, `piadm activate ${broken}`)
    await reboot(guest)
    const { state } = await waitForHealth(guest)
    assert.equal(state.stamp, lab.first.stamp)
    assert.equal(state.failed_image, broken)
    assert.match(await on(guest, 'cat /etc/motd'), new RegExp(broken))
    assert.match(await on(guest, 'piadm list'), new RegExp(broken))
    const tries = readFileSync(guest.consoleLog, 'utf8').match(/this image is broken on purpose/g)
    assert.equal(tries?.length, 2)
    assert.equal((await on(guest, `zlogin ${zone} cat /root/mark`)).trim(), 'kept')
  })
  await shutDown(guest)
})

function countMenus(guest: Guest): number {
  return readFileSync(guest.consoleLog, 'utf8').match(/Booting `Spirula/g)?.length ?? 0
}
