import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { command } from '../bench/command.ts'
import { assertRefused, assertSaid, type Cli, eventually, openCli } from '../harness/cli.ts'
import { payload } from '../harness/machines.ts'
import { startTestNode, testImage, type TestNode } from '../harness/test-node.ts'

// What a guest has of its network and its metadata, and what an update does to it while it runs.
let node: TestNode
let cli: Cli
before(async () => {
  node = await startTestNode()
  cli = openCli(node)
  for (const words of [
    ['-l', 'test0'],
    ['-l', '-p', 'mtu=9000', 'jumbo0'],
    ['-p', 'host_address=10.99.0.1/24', 'inner'],
  ])
    assert.deepEqual(await cli.run(['nictagadm', 'add', ...words]), { code: 0, stdout: '', stderr: '' })
})
after(async () => await node?.dispose())

async function remove(uuid: string): Promise<void> {
  assertSaid(await cli.vmadm('delete', uuid), `Successfully deleted VM ${uuid}`)
}

async function update(uuid: string, change: object): Promise<void> {
  assertSaid(await cli.feed(change, 'update', uuid), `Successfully updated VM ${uuid}`)
}

const nicOf = (tag: string, ip: string, more: object = {}): object => ({ nic_tag: tag, ips: [`${ip}/24`], ...more })

test('two machines of one tag reach each other; addresses, gateway and MTU are as asked', async () => {
  const one = await cli.create(
    payload({ nics: [nicOf('jumbo0', '10.5.0.1', { mtu: 8000, gateways: ['10.5.0.254'] }), { nic_tag: 'test0', ips: ['fd05::1/64'] }] }),
  )
  const two = await cli.create(payload({ nics: [nicOf('jumbo0', '10.5.0.2', { mtu: 9000 }), { nic_tag: 'test0', ips: ['fd05::2/64'] }] }))
  assert.equal(await cli.inside(one, 'ping -c1 -W3 10.5.0.2 >/dev/null && ping -c1 -W3 fd05::2 >/dev/null && echo both'), 'both')
  assert.equal(
    await cli.inside(one, 'cat /sys/class/net/eth0/mtu /sys/class/net/eth1/mtu; ip route | grep -c "default via 10.5.0.254 dev eth0"'),
    '8000\n1500\n1',
  )
  const { nics } = await cli.get(one)
  assert.deepEqual(
    nics.map((nic) => [nic['interface'], nic['ip'], nic['netmask'], nic['gateway'], nic['primary']]),
    [
      ['eth0', '10.5.0.1', '255.255.255.0', '10.5.0.254', true],
      ['eth1', undefined, undefined, undefined, undefined],
    ],
  )
  assert.equal(await cli.inside(one, 'cat /sys/class/net/eth0/address'), nics[0]!['mac'])
  await remove(one)
  await remove(two)
})

test('addresses and spoofing flags change live; nics come and go with the next boot; the primary flag moves', async () => {
  const one = await cli.create(payload({ nics: [nicOf('test0', '10.6.0.1')] }))
  const two = await cli.create(payload({ nics: [nicOf('test0', '10.6.0.2')] }))
  const macOf = async (uuid: string, index = 0): Promise<string> => String((await cli.get(uuid)).nics[index]!['mac'])
  const mac = await macOf(one)
  await update(one, { update_nics: [{ mac, ips: ['10.6.0.11/24', '10.6.0.12/24'] }] })
  assert.equal(await cli.inside(one, "ip -4 addr show eth0 | awk '/inet/{print $2}'"), '10.6.0.11/24\n10.6.0.12/24')
  assert.equal(await cli.inside(two, 'ping -c1 -W3 10.6.0.12 >/dev/null && echo reached'), 'reached')

  const foreign = 'ip addr add 10.6.0.77/32 dev eth0 2>/dev/null; ping -c1 -W1 -I 10.6.0.77 10.6.0.2 >/dev/null && echo through || echo held'
  assert.equal(await cli.inside(one, foreign), 'held')
  await cli.inside(two, 'ip route add 10.6.0.77 dev eth0')
  await update(one, { update_nics: [{ mac, allow_ip_spoofing: true }] })
  assert.equal(await cli.inside(one, foreign), 'through')
  await update(one, { update_nics: [{ mac, allow_ip_spoofing: false }] })
  assert.equal(await cli.inside(one, foreign), 'held')
  await update(one, { update_nics: [{ mac, allowed_ips: ['10.6.0.77'] }] })
  assert.equal(await cli.inside(one, foreign), 'through')

  const added = await cli.feed({ add_nics: [nicOf('jumbo0', '10.7.0.1', { primary: true })] }, 'update', one)
  assert.deepEqual([added.code, added.stderr], [0, `warning: nics: takes effect when VM ${one} is rebooted\nSuccessfully updated VM ${one}\n`])
  assert.deepEqual(
    (await cli.get(one)).nics.map((nic) => nic['primary']),
    [undefined, true],
  )
  assert.equal((await cli.run(['zlogin', one, 'test -e /sys/class/net/eth1'])).code, 1)
  assertSaid(await cli.vmadm('reboot', '-F', one), `Successfully completed reboot for VM ${one}`)
  assert.equal(await cli.inside(one, "ip -4 addr show eth1 | awk '/inet/{print $2}'"), '10.7.0.1/24')
  assert.equal((await cli.vmadm('update', one, `remove_nics=${await macOf(one, 1)}`)).code, 0)
  assert.deepEqual(
    (await cli.get(one)).nics.map((nic) => nic['primary']),
    [true],
  )
  assertRefused(await cli.vmadm('update', one, 'remove_nics=02:08:20:00:00:01'), /no nic with MAC 02:08:20:00:00:01/)
  assertRefused(await cli.feed({ update_nics: [{ mac, primary: false }] }, 'update', one), /invalid value for NIC's primary flag: false \(must be true\)/)
  assertRefused(
    await cli.feed({ add_nics: [nicOf('test0', '10.6.0.2')] }, 'update', one),
    /Conflict detected with another vm, please check the MAC, IP, and VRID/,
  )
  await remove(one)
  await remove(two)
})

test('routes and resolvers: at boot and live', async () => {
  const uuid = await cli.create(payload({ nics: [nicOf('test0', '10.8.0.1')], routes: { '10.20.0.0/16': '10.8.0.9' }, resolvers: ['10.8.0.53'] }))
  const routes = "ip route | awk '/^10.[23]/{print $1, $2, $3}'"
  assert.equal(await cli.inside(uuid, routes), '10.20.0.0/16 via 10.8.0.9')
  await update(uuid, { set_routes: { '10.30.0.0/16': 'nics[0]' }, remove_routes: ['10.20.0.0/16'] })
  assert.equal(await cli.inside(uuid, routes), '10.30.0.0/16 dev eth0')
  assert.deepEqual((await cli.get(uuid))['routes'], { '10.30.0.0/16': 'nics[0]' })

  assert.equal(await cli.inside(uuid, 'cat /etc/resolv.conf'), 'search local\nnameserver 10.8.0.53')
  const kept = await cli.vmadm('update', uuid, 'resolvers=10.8.0.54')
  assert.match(kept.stderr, /^warning: The new resolvers are not written into the guest; set maintain_resolvers/)
  assert.match(await cli.inside(uuid, 'cat /etc/resolv.conf'), /10\.8\.0\.53/)
  await update(uuid, { maintain_resolvers: true, resolvers: ['10.8.0.55', 'fd08::53'] })
  assert.equal(await cli.inside(uuid, 'cat /etc/resolv.conf'), 'search local\nnameserver 10.8.0.55\nnameserver fd08::53')
  await cli.inside(uuid, 'echo nothing > /etc/resolv.conf')
  assertSaid(await cli.vmadm('reboot', '-F', uuid), `Successfully completed reboot for VM ${uuid}`)
  assert.match(await cli.inside(uuid, 'cat /etc/resolv.conf'), /10\.8\.0\.55/)
  await remove(uuid)
})

test('metadata from inside: get, put, delete, list, sdc:, passwords, namespaces; seen outside', async () => {
  const uuid = await cli.create(
    payload({
      alias: 'meta',
      customer_metadata: { plain: 'value', number: 5 },
      internal_metadata: { 'root_pw': 's3cret', 'hidden': 'h', 'docker:cmd': '["x"]' },
      internal_metadata_namespaces: ['docker'],
      tags: { role: 'web' },
    }),
  )
  assert.equal(
    await cli.inside(
      uuid,
      'for k in plain number root_pw docker:cmd sdc:uuid sdc:alias sdc:tags.role sdc:brand sdc:max_physical_memory; do mdata-get $k; done',
    ),
    `value\n5\ns3cret\n["x"]\n${uuid}\nmeta\nweb\nlx\n64`,
  )
  assert.equal((JSON.parse(await cli.inside(uuid, 'mdata-get sdc:nics')) as object[]).length, 1)
  const missing = await cli.run(['zlogin', uuid, 'mdata-get hidden'])
  assert.deepEqual(missing, { code: 1, stdout: '', stderr: "No metadata for 'hidden'\n" })
  assert.equal(
    await cli.inside(uuid, 'mdata-put mine "two words"; mdata-put new_pw p; mdata-delete number; mdata-list | sort'),
    'docker:cmd\nmine\nnew_pw\nplain\nroot_pw',
  )
  const machine = await cli.get(uuid)
  assert.deepEqual(machine['customer_metadata'], { plain: 'value', mine: 'two words' })
  assert.deepEqual(machine['internal_metadata'], { 'root_pw': 's3cret', 'hidden': 'h', 'docker:cmd': '["x"]', 'new_pw': 'p' })
  assert.notEqual((await cli.run(['zlogin', uuid, 'mdata-put sdc:uuid x'])).code, 0)
  await update(uuid, { set_customer_metadata: { plain: 'changed' } })
  assert.equal(await cli.inside(uuid, 'mdata-get plain'), 'changed')
  await remove(uuid)
})

test('user-script runs on every boot, root_authorized_keys are there', async () => {
  const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDummyDummyDummyDummyDummyDummyDummyDummyDu me@here'
  const uuid = await cli.create(payload({ customer_metadata: { 'user-script': '#!/bin/sh\necho run >> /root/runs\n', 'root_authorized_keys': `${key}\n` } }))
  const runs = async (): Promise<string> => await cli.inside(uuid, 'wc -l < /root/runs')
  assert.equal(await runs(), '1', 'create waits until the script has run')
  assert.match(
    await cli.inside(uuid, 'cat /root/.ssh/authorized_keys; stat -c %a /root/.ssh /root/.ssh/authorized_keys'),
    new RegExp(`${key.slice(0, 30)}.*\\n700\\n600$`, 's'),
  )
  assertSaid(await cli.vmadm('reboot', '-F', uuid), `Successfully completed reboot for VM ${uuid}`)
  await eventually(async () => (await runs()) === '2', 'the script ran again')
  await remove(uuid)
})

/** The test image again, with another init. */
async function installImage(uuid: string, init: string): Promise<void> {
  const tree = join(node.directory, 'tree')
  const file = join(node.directory, `${uuid}.tar`)
  await rm(join(tree, 'sbin/init'))
  await writeFile(join(tree, 'sbin/init'), init, { mode: 0o755 })
  await command(['tar', '-C', tree, '--owner=0', '--group=0', '--numeric-owner', '-cf', file, '.'])
  const bytes = await readFile(file)
  const files = [{ sha1: createHash('sha1').update(bytes).digest('hex'), size: bytes.length, compression: 'none', format: 'tar' }]
  const manifest = { v: 2, uuid, name: 'failing', version: '1', type: 'lx-dataset', os: 'linux', files }
  await writeFile(`${file}.json`, JSON.stringify(manifest))
  const outcome = await cli.run(['imgadm', 'install', '-m', `${file}.json`, '-f', file])
  assert.equal(outcome.code, 0, outcome.stderr)
}

test('a guest that says provisioning failed, or ends, leaves the machine in state failed, its addresses free', async () => {
  const [says, ends] = ['b0000000-0000-4000-8000-0000000000f1', 'b0000000-0000-4000-8000-0000000000f2']
  await installImage(says, '#!/bin/sh\nmv /var/svc/provisioning /var/svc/provision_failure\nsleep 1000\n')
  await installImage(ends, '#!/bin/sh\nexit 4\n')
  const customer_metadata = { 'user-script': '#!/bin/sh\nsleep 1\n' }
  const nics = [nicOf('test0', '10.9.0.1')]
  for (const [image_uuid, why] of [
    [says, 'the guest reported that its provisioning failed'],
    [ends, 'the guest ended before it was provisioned'],
  ]) {
    const outcome = await cli.feed(payload({ alias: 'bad', image_uuid, nics, customer_metadata }), 'create')
    assertRefused(outcome, new RegExp(`^VM \\S{36} was created but is in state failed: ${why}\\.\nhint: its console log is /\\S+\n$`))
    const bad = await cli.get('bad')
    assert.deepEqual([bad['state'], bad['failed'], bad['pid'], bad['provisioning']], ['failed', true, undefined, undefined])
    assertRefused(await cli.vmadm('start', 'bad'), 'Unable to start VM bad: Cannot start vm from state "failed", must be "stopped".')
    const good = await cli.create(payload({ nics }))
    await remove(bad.uuid)
    await remove(good)
  }
})

test('a user-script that fails is the business of the guest, as in SmartOS: the machine runs, the log tells', async () => {
  const uuid = await cli.create(payload({ customer_metadata: { 'user-script': '#!/bin/sh\necho trouble; exit 3\n' } }))
  assert.equal((await cli.get(uuid))['state'], 'running')
  const log = '/var/log/mdata-user-script.log'
  await eventually(async () => (await cli.run(['zlogin', uuid, `grep -q status ${log}`])).code === 0, 'the script has ended')
  assert.match(await cli.inside(uuid, `cat ${log}`), /trouble\n.*ended with status 3/)
  await remove(uuid)
})

test('nictagadm: list, exists, vms, delete and its refusal; a tag with an address of the node', async () => {
  const tool = async (...words: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> => await cli.run(['nictagadm', ...words])
  const list = (await tool('list')).stdout
  assert.match(list, /^NAME +MACADDRESS +LINK +TYPE *\n/)
  for (const name of ['test0', 'jumbo0', 'inner']) assert.match(list, new RegExp(`^${name} +- +br-${name} +`, 'm'))
  assert.equal((await tool('list', '-l', '-p', '-d', ',')).stdout, 'test0,-,br-test0,etherstub\njumbo0,-,br-jumbo0,etherstub\n')
  assert.deepEqual(await tool('exists', 'test0', 'inner'), { code: 0, stdout: '', stderr: '' })
  assert.equal((await tool('exists', 'test0', 'nope')).code, 1)
  assert.match((await tool('exists', '-l', 'test0', 'nope')).stderr, /nope/)

  const uuid = await cli.create(payload({ nics: [nicOf('inner', '10.99.0.2', { gateways: ['10.99.0.1'] })] }))
  assert.equal(await cli.inside(uuid, 'ping -c1 -W3 10.99.0.1 >/dev/null && echo host'), 'host')
  assert.equal((await tool('vms', 'inner')).stdout, `${uuid}\n`)
  assertRefused(await tool('delete', 'inner'), `Error: nic tag "inner" is in use by VM ${uuid}`)
  await remove(uuid)
  assert.deepEqual(await tool('delete', 'inner'), { code: 0, stdout: '', stderr: '' })
  assert.equal((await tool('exists', 'inner')).code, 1)
  assertRefused(await tool('delete', 'inner'), /^Error: .*inner/)
  assertRefused(await tool('add', '-l', 'nodigit'), 'Error: etherstub name "nodigit" must end in a digit.')
  assertRefused(await tool('add', '-l', 'test0'), /^Error: .*test0/)
})

test('a machine is not started on a tag that has gone', async () => {
  assert.equal((await cli.run(['nictagadm', 'add', '-l', 'gone0'])).code, 0)
  const uuid = await cli.create(payload({ nics: [nicOf('gone0', '10.10.0.1')], autoboot: false }))
  assert.equal((await cli.run(['nictagadm', 'delete', '-f', 'gone0'])).code, 0)
  assertRefused(await cli.vmadm('start', uuid), new RegExp(`^Unable to start VM ${uuid}: Invalid nic tag "gone0"`))
  assert.equal((await cli.get(uuid))['state'], 'stopped')
  await remove(uuid)
})

test('sysinfo and imgadm tell of this node', async () => {
  const facts = JSON.parse((await cli.run(['sysinfo'])).stdout) as Record<string, unknown>
  for (const key of [
    'Live Image',
    'System Type',
    'Boot Time',
    'SDC Version',
    'UUID',
    'Hostname',
    'Setup',
    'CPU Type',
    'CPU Total Cores',
    'MiB of Memory',
    'Zpool',
    'Disks',
    'Network Interfaces',
  ])
    assert.ok(key in facts, key)
  assert.match((await cli.run(['sysinfo', '-p'])).stdout, new RegExp(`^UUID='${String(facts['UUID'])}'$`, 'm'))
  assert.match((await cli.run(['imgadm', 'list'])).stdout, new RegExp(`^${testImage} `, 'm'))
  assert.equal((await cli.run(['imgadm', 'get', testImage.replace('b0b0', 'ffff')])).code, 3)
})
