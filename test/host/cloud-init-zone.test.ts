import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { silentLog } from '#host/context.ts'
import { ensureImageFile } from '../../src/image/ensure.ts'
import { debian13CloudInit } from '../../src/image/profiles/debian-13-cloud-init.ts'
import { runInZone } from '../harness/in-zone.ts'
import { startTestNode, type TestNode } from '../harness/test-node.ts'

/** A Debian zone whose image has cloud-init: it takes everything from what the node hands in. */

const context = { signal: new AbortController().signal, log: silentLog, now: () => new Date() }
const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHIuZh4G1xKxJvG0PqYBgq0T2E0Xb8m2y1l0s0qXq0aP me@there'
const tag = 'cloud0'

let node: TestNode
let uuid = ''

before(async () => {
  const { manifest, file } = await ensureImageFile(debian13CloudInit, '/var/cache/spirula/images', context)
  node = await startTestNode({ images: false })
  await node.follow('image.install', { json: { manifest, file } })
  await node.follow('nic_tag.create', { json: { name: tag, type: 'etherstub', mac: '-', mtu: 1500 } })
  const done = await node.follow('machine.create', {
    json: {
      brand: 'lx',
      alias: 'cloud',
      hostname: 'cloud01',
      image_uuid: manifest.uuid,
      max_physical_memory: 512,
      quota: 2,
      resolvers: ['10.4.0.53'],
      routes: { '192.168.0.0/16': '10.4.0.9' },
      nics: [{ nic_tag: tag, ips: ['10.4.0.2/24', 'fd04::2/64'], gateways: ['10.4.0.1'], mtu: 1400, primary: true }],
      customer_metadata: {
        'root_authorized_keys': `${key}\n`,
        'cloud-init:user-data': '#cloud-config\nwrite_files:\n- path: /root/taken\n  content: it was\nruncmd:\n- [sh, -c, "echo ran >>/root/ran"]\n',
      },
    },
  })
  uuid = (done.result as { uuid: string }).uuid
})
after(async () => await node?.dispose())

const zone = (script: string): Promise<string> => runInZone(node, uuid, script)

test('cloud-init of a real zone takes name, keys and user-data from the node', async () => {
  await zone('cloud-init status --wait >/dev/null || true')
  const status = JSON.parse(await zone('cloud-init status --format json || true')) as { status: string; datasource: string; errors: string[] }
  assert.deepEqual([status.status, status.datasource, status.errors], ['done', 'nocloud', []])
  assert.equal(await zone('hostname'), 'cloud01')
  assert.equal(await zone('cat /root/taken /root/ran'), 'it wasran')
  const keys = (await zone('cat /root/.ssh/authorized_keys')).split('\n').filter((line) => line.includes('ssh-ed25519'))
  // As it stands: without the seed's disable_root, root would be told to use another name.
  assert.deepEqual([...new Set(keys)], [key])
})

test('the address is the one the node gave, and systemd has nothing to complain of', async () => {
  assert.match(await zone('ip -br -4 address show dev eth0'), /10\.4\.0\.2\/24/)
  assert.equal(await zone('systemctl --failed --no-legend --plain'), '')
})

// By its own converter, as the image has nothing that would put an interfaces file into force.
test('cloud-init understands the network of the seed', async () => {
  await zone(
    'cloud-init devel net-convert -p /var/lib/cloud/seed/nocloud/network-config -k yaml -d /tmp/net -D debian -O eni -m eth0,$(cat /sys/class/net/eth0/address)',
  )
  const network = await zone('cat $(find /tmp/net -type f | grep network/interfaces)')
  for (const part of ['address 10.4.0.2/24', 'address fd04::2/64', 'gw 10.4.0.1', '192.168.0.0/16 gw 10.4.0.9', 'mtu 1400', 'dns-nameservers 10.4.0.53'])
    assert.ok(network.includes(part), `${part} in\n${network}`)
})

test('a second boot runs nothing a second time', async () => {
  await node.follow('machine.reboot', { params: { name: uuid } })
  await zone('cloud-init status --wait >/dev/null || true')
  assert.equal(await zone('cat /root/ran'), 'ran')
})
