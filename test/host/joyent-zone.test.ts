import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, rm, rmdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Machine } from '#contracts/machine/record.ts'
import { ensureImageFile } from '../../src/image/ensure.ts'
import { joyent13 } from '../../src/image/profiles/joyent-13.ts'
import { runInZone, waitFor } from '../harness/in-zone.ts'
import { context, createPlatformTrees, imageCache, type PlatformTrees } from '../harness/platform-tree.ts'
import { startTestNode, type TestNode } from '../harness/test-node.ts'

/** Sparse zones on a platform that is a squashfs, as the real one: shared, read-only for good, swapped by a reboot. */

let trees: PlatformTrees
let node: TestNode
let platform: string | null = null
let image = ''
let uuid = ''

before(async () => {
  trees = await createPlatformTrees()
  node = await startTestNode({ images: false, flags: () => (platform === null ? [] : ['--platform', platform]) })
  const { manifest, file } = await ensureImageFile(joyent13, imageCache, context)
  image = (await node.follow('image.install', { json: { manifest, file } })).subject
})
after(async () => {
  await node?.dispose()
  await trees?.dispose()
})

const zone = (script: string): Promise<string> => runInZone(node, uuid, script)
const machine = (): Promise<Machine> => node.client.json<Machine>('machine.get', { params: { name: uuid } })
const payload = (more: object = {}): object => ({ brand: 'joyent', image_uuid: image, max_physical_memory: 256, quota: 1, ...more })

async function bootEnded(): Promise<void> {
  const state = (): Promise<string> => zone('systemctl is-system-running 2>/dev/null || true')
  await waitFor(async () => !['', 'initializing', 'starting', 'offline'].includes(await state()), 'systemd to end its start')
  assert.equal(await zone('systemctl --failed --no-legend --plain'), '')
  assert.equal(await state(), 'running')
}

test('a node without a platform refuses the brand and says the way out', async () => {
  await assert.rejects(node.follow('machine.create', { json: payload() }), (error: { code: string; message: string; hint: string }) => {
    assert.equal(error.code, 'BrandUnsupported')
    assert.match(error.message, /joyent machines: they use the programs of the platform, and this node runs from none/)
    assert.match(error.hint, /boot the node from a platform image/)
    return true
  })
})

test('with one, a zone boots on its programs, with its own /etc', async () => {
  platform = await trees.mount('one', '20261101T000000Z')
  await node.kill()
  await node.start()
  const customer_metadata = { 'user-script': '#!/bin/sh\necho "$(mdata-get sdc:brand)" >/root/brand\n', 'note': 'hello' }
  const done = await node.follow('machine.create', { json: payload({ alias: 'sparse', hostname: 'sparse01', customer_metadata }) })
  uuid = (done.result as { uuid: string }).uuid
  await bootEnded()
  const { brand, type, image_uuid, state, platform_buildstamp, boot_timestamp } = await machine()
  assert.deepEqual(
    { brand, type, image_uuid, state, platform_buildstamp },
    { brand: 'joyent', type: 'OS', image_uuid: image, state: 'running', platform_buildstamp: '20261101T000000Z' },
  )
  assert.ok(boot_timestamp !== undefined)
  assert.equal((await node.client.json<Record<string, unknown>>('node.sysinfo'))['Live Image'], '20261101T000000Z')
  assert.equal(await zone('cat /usr/share/platform-version; hostname; cat /root/brand; mdata-get note'), 'one\nsparse01\njoyent\nhello')
  // The bus starts when it is first asked for.
  assert.equal(await zone('busctl --timeout=5 list >/dev/null && systemctl is-active dbus.service ssh.socket spirula-mdata.service'), 'active\nactive\nactive')
  assert.match(await zone('findmnt -no FSTYPE,OPTIONS /usr'), /^squashfs +ro,/)
})

test('what is set-uid in /usr is the root of the zone, and groups have the numbers of the zone', async () => {
  assert.equal(await zone('stat -c "%u %a" /usr/bin/su'), '0 4755')
  assert.equal(await zone('stat -c %G /usr/bin/ssh-agent'), '_ssh')
  assert.equal(await zone('find /usr -xdev \\( -nouser -o -nogroup -o -uid +0 \\) | head'), '')
})

test('the zone makes its own host keys, and keeps what it changes', async () => {
  await zone('systemctl start ssh.service && ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub')
  await zone('echo own >/etc/own; echo own >/opt/own; echo own >/var/lib/own; useradd -m ada')
  assert.equal(await zone('test -s /etc/machine-id && su - ada -c "id -un"'), 'ada')
})

test('root of the zone cannot write to /usr, whatever it tries', async () => {
  const attempts = [
    'touch /usr/bin/x',
    'mount -o remount,rw /usr',
    'mount -o remount,bind,rw /usr',
    'mkdir -p /mnt/u && mount --bind /usr /mnt/u && mount -o remount,bind,rw /mnt/u && touch /mnt/u/bin/x',
    'unshare -m sh -c "mount -o remount,bind,rw /usr && touch /usr/bin/x"',
    'unshare -Urm sh -c "mount -o remount,bind,rw /usr && touch /usr/bin/x"',
    'chown 0 /usr/bin/su && touch /usr/bin/su',
    'nsenter -t 1 -m mount -o remount,bind,rw /usr',
    'mount -t squashfs /dev/loop0 /mnt',
    'setfattr -n user.x -v y /usr/bin || chmod 777 /usr/bin',
  ]
  for (const one of attempts) assert.equal(await zone(`if (${one}) >/dev/null 2>&1; then echo done; else echo refused; fi`), 'refused', one)
  // Its own view is its own: what it lays over /usr there is seen by nobody else.
  await zone(
    `unshare -m sh -c 'mkdir -p /tmp/o/u /tmp/o/w && mount -t tmpfs tmpfs /tmp/o && mkdir /tmp/o/u /tmp/o/w && mount -t overlay -o lowerdir=/usr,upperdir=/tmp/o/u,workdir=/tmp/o/w overlay /usr && touch /usr/bin/x && test -e /usr/bin/x'`,
  )
  assert.equal(await zone('test -e /usr/bin/x || echo clean'), 'clean')
  await assert.rejects(readFile(join(platform!, 'usr/bin/x')))
})

test('the pages of programs are shared: a second zone costs little', async () => {
  const before = await readGroupMib(uuid)
  const done = await node.follow('machine.create', { json: payload({ alias: 'second' }) })
  const second = (done.result as { uuid: string }).uuid
  await waitFor(async () => /running|degraded/.test(await runInZone(node, second, 'systemctl is-system-running || true')), 'the second zone')
  const after = await readGroupMib(second)
  console.log(`memory of the zone's group: first ${before.toFixed(1)} MiB, second ${after.toFixed(1)} MiB`)
  assert.ok(after < 64, `the second zone takes ${after} MiB`)
  const [one, other] = await Promise.all([zone('stat -Lc "%d:%i" /usr/bin/bash'), runInZone(node, second, 'stat -Lc "%d:%i" /usr/bin/bash')])
  assert.equal(one, other)
  await node.follow('machine.delete', { params: { name: second } })
})

test('on the same platform a boot makes nothing anew', async () => {
  await node.follow('machine.reboot', { params: { name: uuid } })
  await bootEnded()
  assert.equal(await zone('systemctl show -P ConditionResult systemd-sysusers.service systemd-update-done.service | xargs'), 'no no')
})

test('a new platform is in the zone at its next boot, and what is its own stays', async () => {
  platform = await trees.mount('two', '20261201T000000Z')
  await node.kill()
  await node.start()
  assert.equal(await zone('cat /usr/share/platform-version'), 'one', 'a running zone goes on as it is')
  await node.follow('machine.reboot', { params: { name: uuid } })
  await bootEnded()
  assert.equal(await zone('cat /usr/share/platform-version /etc/own /opt/own /var/lib/own'), 'two\nown\nown\nown')
  assert.equal((await machine()).platform_buildstamp, '20261201T000000Z')
  assert.equal(await zone('systemctl show -P ConditionResult systemd-sysusers.service systemd-update-done.service | xargs'), 'yes yes')
})

test('reprovision gives the zone a fresh part of its own', async () => {
  await node.follow('machine.reprovision', { params: { name: uuid }, json: { image_uuid: image } })
  await bootEnded()
  assert.equal(await zone('test ! -e /etc/own && cat /usr/share/platform-version /root/brand'), 'two\njoyent')
})

test('a zone that puts a link where /usr belongs harms nobody, and can be mended', async () => {
  await node.follow('machine.stop', { params: { name: uuid } })
  const root = join((await machine()).zonepath, 'root')
  await rmdir(join(root, 'usr'))
  await symlink('/etc/ssh', join(root, 'usr'))
  const before = await readdir('/etc/ssh').catch(() => [])
  await node.follow('machine.start', { params: { name: uuid } }).catch(() => {})
  assert.deepEqual(await readdir('/etc/ssh').catch(() => []), before)
  assert.ok(!(await readFile('/proc/self/mountinfo', 'utf8')).includes(' /etc/ssh '))
  await node.follow('machine.stop', { params: { name: uuid }, json: { force: true } }).catch(() => {})
  await rm(join(root, 'usr'))
  await mkdir(join(root, 'usr'))
  await node.follow('machine.start', { params: { name: uuid } })
  await bootEnded()
})

test('a node that lost its platform keeps the zone down and says why', async () => {
  await node.follow('machine.stop', { params: { name: uuid } })
  assert.equal((await machine()).exit_status, -2)
  platform = null
  await node.kill()
  await node.start()
  await assert.rejects(node.follow('machine.start', { params: { name: uuid } }), { code: 'BrandUnsupported' })
  await node.follow('machine.delete', { params: { name: uuid } })
  await node.follow('image.delete', { params: { uuid: image } })
})

/** Memory charged to a zone, in MiB, whichever version of cgroups the host has. */
async function readGroupMib(name: string): Promise<number> {
  const places = [`/sys/fs/cgroup/memory/${node.cgroupParent}/${name}/memory.usage_in_bytes`, `/sys/fs/cgroup/${node.cgroupParent}/${name}/memory.current`]
  const texts = await Promise.all(places.map((place) => readFile(place, 'utf8').catch(() => '')))
  return Number(texts.find((text) => text !== '') ?? Number.NaN) / 2 ** 20
}
