import assert from 'node:assert/strict'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { readEspOffset } from '#host/boot/gpt-offset.ts'
import type { GuestOptions } from '../../src/platform/run/guest.ts'
import { renderMac } from '../../src/platform/run/identity.ts'
import { startPxe } from '../../src/platform/run/pxe.ts'
import { readFreePort } from '../../src/platform/run/ssh.ts'
import { command } from '../bench/command.ts'
import { bootLimitMs, type Guest, on, openLab, planAnswers, reboot, waitForHealth } from './lab.ts'
import { serveDirectory } from './serve.ts'

// Every medium and firmware brings the same node up: from a login on the console to a daemon that answers.

const lab = await openLab()

interface Medium {
  name: string
  medium: string
  options(directory: string): Promise<Partial<GuestOptions> & Pick<GuestOptions, 'boot'>>
}

async function copyUsb(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true })
  const file = join(directory, 'usb.img')
  await command(['cp', '--sparse=always', lab.first.usb, file])
  return file
}

const media: readonly Medium[] = [
  { name: 'ISO under UEFI', medium: 'iso', options: async () => ({ uefi: true, boot: { from: 'iso', file: lab.first.iso } }) },
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

test('USB image under a BIOS: the node is set up with the answers on the stick, and the stick is upgraded in place', async (t) => {
  const directory = join(lab.directory, 'stick')
  t.after(() => rm(directory, { recursive: true }))
  const file = await copyUsb(directory)
  await writeFile(join(directory, 'answers.json'), JSON.stringify(planAnswers(lab.publicKey, { bootpool: 'none' })))
  await command(['mcopy', '-i', `${file}@@${await readEspOffset(file)}`, join(directory, 'answers.json'), '::/answers.json'])
  const server = await serveDirectory(join(lab.directory, 'images'))
  t.after(() => server.close())
  const guest = await lab.start({ name: 'node1', directory, disks: lab.blankDisks('stick'), boot: { from: 'usb', file } })
  t.after(() => guest.kill())
  await expectNode(guest, 'usb')
  await on(guest, `piadm usb http://10.0.2.2:${server.port}/platform-${lab.second.stamp}`)
  await reboot(guest)
  const { state, health } = await waitForHealth(guest)
  assert.deepEqual([state.medium, state.stamp, health.action], ['usb', lab.second.stamp, 'marked'])
})

test('network, by iPXE and a booter: to a node that is set up with answers and an image from there', async (t) => {
  const directory = join(lab.directory, 'network')
  t.after(() => rm(directory, { recursive: true }))
  const asked: string[] = []
  const answers = planAnswers(lab.publicKey, { bootpool: 'zones' })
  const pxe = await startPxe({ built: lab.first, directory, words: ['spirula.test=by-mac'], answers, log: (line) => asked.push(line) })
  t.after(() => pxe.close())
  const nic = { kind: 'user', mac: renderMac('node1', 0), sshPort: await readFreePort(), ...pxe.nic } as const
  const guest = await lab.start({ name: 'node1', directory, disks: lab.blankDisks('network'), boot: { from: 'pxe' }, nics: [nic] })
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
