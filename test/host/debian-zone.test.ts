import assert from 'node:assert/strict'
import { createConnection } from 'node:net'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Machine } from '#contracts/machine/record.ts'
import { silentLog } from '#host/context.ts'
import { ensureImageFile } from '../../src/image/ensure.ts'
import { debian13 } from '../../src/image/profiles/debian-13.ts'
import { runInZone, waitFor } from '../harness/in-zone.ts'
import { startTestNode, type TestNode } from '../harness/test-node.ts'

/** The Debian image that every node gets, as a zone of a real node, through two boots. */

const context = { signal: new AbortController().signal, log: silentLog, now: () => new Date() }
const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHIuZh4G1xKxJvG0PqYBgq0T2E0Xb8m2y1l0s0qXq0aP me@there'

let node: TestNode
let uuid = ''

before(async () => {
  node = await startTestNode({ images: false })
  const { manifest, file } = await ensureImageFile(debian13, '/var/cache/spirula/images', context)
  await node.follow('image.install', { json: { manifest, file } })
  await node.follow('nic_tag.create', { json: { name: 'debian0', type: 'etherstub', mac: '-', mtu: 1500 } })
  const done = await node.follow('machine.create', {
    json: {
      brand: 'lx',
      alias: 'deb',
      hostname: 'deb01',
      image_uuid: manifest.uuid,
      max_physical_memory: 512,
      quota: 2,
      resolvers: ['10.3.0.53', '10.3.0.54'],
      dns_domain: 'example.org',
      nics: [{ nic_tag: 'debian0', ips: ['10.3.0.2/24'], gateway: '10.3.0.1', primary: true }],
      customer_metadata: { 'root_authorized_keys': `${key}\n`, 'user-script': '#!/bin/sh\necho "boot as $(hostname)" >>/root/boots\n' },
    },
  })
  uuid = (done.result as { uuid: string }).uuid
})
after(async () => await node?.dispose())

const zone = (script: string): Promise<string> => runInZone(node, uuid, script)
const machine = (): Promise<Machine> => node.client.json<Machine>('machine.get', { params: { name: uuid } })

/** systemd has done what it does at boot, our unit too. */
async function bootEnded(): Promise<void> {
  await waitFor(
    async () => !['', 'initializing', 'starting', 'offline'].includes(await zone('systemctl is-system-running 2>/dev/null || true')),
    'systemd to end its start',
  )
}

async function checkBooted(): Promise<void> {
  await bootEnded()
  assert.equal(await zone('systemctl --failed --no-legend --plain'), '')
  assert.equal(await zone('systemctl is-system-running || true'), 'running')
  assert.equal(await zone('systemctl is-active dbus.service spirula-mdata.service ssh.socket || true'), 'active\nactive\nactive')
}

test('it is provisioned, and all of systemd runs', async () => {
  await waitFor(async () => (await machine()).state === 'running', 'the state running')
  await checkBooted()
  // What everyone in the zone must get through, whoever made it.
  assert.equal(await zone('stat -c %a /run /run/systemd /run/systemd/system /native'), '755\n755\n755\n755')
  assert.equal(
    await zone('setpriv --reuid=65534 --clear-groups busctl --timeout=5 call org.freedesktop.DBus / org.freedesktop.DBus GetId | cut -d" " -f1'),
    's',
  )
})

test('it has its name, resolvers, keys and metadata', async () => {
  assert.equal(await zone('hostname'), 'deb01')
  assert.equal(await zone('grep -v "^#" /etc/resolv.conf'), 'search example.org\nnameserver 10.3.0.53\nnameserver 10.3.0.54')
  assert.equal(await zone('grep -v "^#" /root/.ssh/authorized_keys'), key)
  assert.equal(await zone('stat -c "%a %u" /root/.ssh/authorized_keys'), '600 0')
  assert.equal(await zone('/native/usr/sbin/mdata-get sdc:uuid'), uuid)
  assert.equal(await zone('cat /root/boots'), 'boot as deb01')
  assert.match(await zone('ip -br -4 address show dev eth0'), /10\.3\.0\.2\/24/)
})

test('the console shows the boot and a prompt', async () => {
  const { socket } = await node.client.json<{ socket: string }>('machine.console', { params: { name: uuid } })
  assert.match(await readConsole(socket, /root@deb01/), /Welcome to .*Debian[^]*root@deb01/)
})

test('a second boot runs the user-script again and adds no key', async () => {
  await stopInOrder()
  await node.follow('machine.start', { params: { name: uuid } })
  await checkBooted()
  await waitFor(async () => (await zone('cat /root/boots')) === 'boot as deb01\nboot as deb01', 'the user-script to have run on both boots')
  assert.equal(await zone('grep -v "^#" /root/.ssh/authorized_keys'), key)
  await stopInOrder()
})

/** systemd powers off by itself within seconds; nothing had to be killed: -2 is how the kernel ends an init that powers off, -9 would be the kill. */
async function stopInOrder(): Promise<void> {
  const started = performance.now()
  await node.follow('machine.stop', { params: { name: uuid } })
  const took = performance.now() - started
  assert.ok(took < 8000, `the stop took ${took} ms`)
  const stopped = await machine()
  assert.deepEqual([stopped.state, stopped.exit_status], ['stopped', -2])
}

/** What the console replays and says, until `wanted` is in it or ten seconds are over. */
async function readConsole(path: string, wanted: RegExp): Promise<string> {
  const socket = createConnection(path)
  let text = ''
  socket.on('data', (bytes: Buffer) => (text += bytes.toString()))
  for (let tries = 0; tries < 100 && !wanted.test(text); tries += 1) await sleep(100)
  socket.destroy()
  return text
}
