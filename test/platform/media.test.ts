import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { GuestOptions } from '../../src/platform/run/guest.ts'
import { renderMac } from '../../src/platform/run/identity.ts'
import { startPxe } from '../../src/platform/run/pxe.ts'
import { readFreePort } from '../../src/platform/run/ssh.ts'
import { command } from '../bench/command.ts'
import { bootLimitMs, diskBytes, type Guest, on, openLab, planAnswers, waitForHealth } from './lab.ts'

// Every medium and firmware brings the same node up: from a login on the console to a daemon that answers.

const lab = await openLab()

interface Medium {
  name: string
  medium: string
  options(directory: string): Promise<Partial<GuestOptions> & Pick<GuestOptions, 'boot'>>
}

async function copyUsb(directory: string): Promise<string> {
  const file = join(directory, 'usb.img')
  await command(['cp', '--sparse=always', lab.first.usb, file])
  return file
}

const media: readonly Medium[] = [
  { name: 'ISO under UEFI', medium: 'iso', options: async () => ({ uefi: true, boot: { from: 'iso', file: lab.first.iso } }) },
  { name: 'USB image under a BIOS', medium: 'usb', options: async (directory) => ({ boot: { from: 'usb', file: await copyUsb(directory) } }) },
  { name: 'USB image under UEFI', medium: 'usb', options: async (directory) => ({ uefi: true, boot: { from: 'usb', file: await copyUsb(directory) } }) },
  { name: 'disk under UEFI', medium: 'disk', options: async () => ({ uefi: true, boot: { from: 'disk' } }) },
]

for (const { name, medium, options } of media) {
  test(`${name}: to a login and a healthy daemon`, async (t) => {
    const disks = await lab.copyDisks('media')
    const directory = join(lab.directory, 'media')
    const guest = await lab.start({ name: 'node1', directory, disks, ...(await options(directory)) })
    t.after(() => guest.kill())
    await expectNode(guest, medium)
  })
}

test('network, by iPXE and a booter: to a node that is set up with answers and an image from there', async (t) => {
  const directory = join(lab.directory, 'network')
  const disks = ['alpha', 'beta'].map((serial) => ({ file: join(directory, `${serial}.img`), serial, sizeBytes: diskBytes }))
  t.after(() => rm(directory, { recursive: true }))
  const asked: string[] = []
  const answers = planAnswers(lab.publicKey, { bootpool: 'zones' })
  const pxe = await startPxe({ built: lab.first, directory, words: ['spirula.test=by-mac'], answers, log: (line) => asked.push(line) })
  t.after(() => pxe.close())
  const nic = { kind: 'user', mac: renderMac('node1', 0), sshPort: await readFreePort(), ...pxe.nic } as const
  const guest = await lab.start({ name: 'node1', directory, disks, boot: { from: 'pxe' }, nics: [nic] })
  t.after(() => guest.kill())
  await expectNode(guest, 'pxe')
  assert.match(await on(guest, 'cat /proc/cmdline'), /spirula\.test=by-mac/)
  const { devices } = JSON.parse(await on(guest, 'piadm list --json')) as { devices: { images: unknown[] }[] }
  assert.deepEqual(
    devices.map(({ images }) => images.length),
    [1, 1],
  )
  // Once into memory, once onto the pool; from there to the disks.
  assert.equal(asked.filter((line) => line.includes('boot_archive')).length, 2, asked.join('\n'))
})

async function expectNode(guest: Guest, medium: string): Promise<void> {
  await guest.console.waitFor(/node1 login: /, bootLimitMs)
  const { state } = await waitForHealth(guest)
  assert.equal(state.medium, medium)
  assert.equal(state.stamp, lab.first.stamp)
  assert.equal(await on(guest, 'vmadm list -H'), '')
}
