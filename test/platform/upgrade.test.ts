import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { renderMac } from '../../src/platform/run/identity.ts'
import { readFreePort } from '../../src/platform/run/ssh.ts'
import { createZone, type Guest, on, openLab, reboot, shutDown, waitForHealth } from './lab.ts'
import { createBrokenImage } from './images.ts'
import { serveDirectory } from './serve.ts'

// One node through a new image, back to the old one, out of an image that does not work, and into another machine.

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
  const resting = await createZone(guest, { alias: 'resting', autoboot: false })
  await on(guest, `vmadm stop ${resting}`)

  await t.test('to a second image', async () => {
    await on(guest, `piadm install ${source(lab.second.stamp)}`)
    await on(guest, `piadm activate ${lab.second.stamp}`)
    await reboot(guest)
    const { state, health } = await waitForHealth(guest)
    assert.equal(state.stamp, lab.second.stamp)
    assert.equal(health.action, 'marked')
    assert.deepEqual(health.guests, { running: 1, total: 2 })
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

  // Not switched off in order. Another machine: other MAC addresses, another UUID, and the disks in other places.
  await on(guest, 'sync')
  await guest.kill()
  const other = await lab.start({ name: 'other', directory, disks: disks.toReversed(), boot: { from: 'disk' } })
  t.after(() => other.kill())
  await t.test('its disks, pulled out and put into another machine, come up there with its machines', async () => {
    const { state, health } = await waitForHealth(other)
    assert.equal(state.hostname, 'node1')
    assert.deepEqual(health.guests, { running: 1, total: 2 })
    const listed = (await on(other, 'vmadm list -p -o uuid,alias,state')).trim().split('\n').toSorted()
    assert.deepEqual(listed, [`${zone}:kept:running`, `${resting}:resting:stopped`].toSorted())
    assert.equal((await on(other, `zlogin ${zone} cat /root/mark`)).trim(), 'kept')
  })
  await shutDown(other)
})

function countMenus(guest: Guest): number {
  return readFileSync(guest.consoleLog, 'utf8').match(/Booting `Spirula/g)?.length ?? 0
}
