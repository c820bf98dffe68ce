import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { isAppError } from '#contracts/errors.ts'
import type { NicTag } from '#contracts/network/address.ts'
import { bridgeName } from '#contracts/network/bridge-name.ts'
import { type Context, silentLog } from '#host/context.ts'
import { createLinuxNetwork } from '#host/ip/create-network.ts'
import { isDhcpRunning, readDhcpLease } from '#host/ip/dhcp.ts'
import type { Network } from '#host/network.ts'
import { registerNetworkSuite, suiteNic } from '#host/network.suite.ts'
import { type LabZone, NetworkLab, attempt, startDnsmasq, waitFor } from '../harness/network-lab.ts'
import { isInOwnNetwork } from '../harness/own-network.ts'

const context: Context = { signal: new AbortController().signal, log: silentLog, now: () => new Date() }
if (isInOwnNetwork(import.meta.filename)) registerAll()

function registerAll(): void {
  const lab = new NetworkLab()
  after(() => lab.close())
  attempt('ip', 'link', 'set', 'lo', 'up')
  const network = createLinuxNetwork({ runDir: lab.runDir })

  registerNetworkSuite('linux', async () => ({
    network,
    context,
    createNetns: async () => (await lab.createZone()).netns,
    readAddresses: async (netns, link) => addressesOf(attempt('nsenter', `--net=${netns}`, 'ip', '-j', 'address', 'show', 'dev', link).output),
  }))

  const plumb = async (...[netns, nics, routes, of]: Parameters<Network['attach']>): Promise<void> => {
    await Promise.all([network.setGuards(nics, of), network.attach(netns, nics, routes, of)])
  }

  test('zones of a nat tag reach each other, the gateway and the outside, IPv4 and IPv6; the host shows ICMP only', async () => {
    const tag: NicTag = { name: 'inner0', type: 'normal', mac: '-', mtu: 1400, host_addresses: ['10.78.0.1/24', 'fd78::1/64'], nat: true }
    await network.ensureTag(tag, context)
    const outside = await connectOutside(lab)
    const [one, two] = [await lab.createZone(), await lab.createZone()]
    await plumb(one.netns, [natNic(11, tag)], [], context)
    await plumb(two.netns, [natNic(12, tag)], [], context)
    for (const target of ['10.78.0.12', 'fd78::12', '10.78.0.1', 'fd78::1', '192.0.2.2', '2001:db8::2', '127.0.0.1']) assertPing(one, target)
    assert.match(one.exec('ip', 'link', 'show', 'dev', 'net0').output, /mtu 1400/)
    assert.equal(one.exec('ping', '-c1', '-W1', '-M', 'do', '-s', '1472', '10.78.0.12').ok, false)

    const server = lab.start('socat', ['TCP4-LISTEN:8123,fork,reuseaddr', 'SYSTEM:echo hello'])
    await waitFor(() => attempt('socat', '-T1', '-', 'TCP4:127.0.0.1:8123').ok)
    assert.equal(one.exec('socat', '-T1', '-', 'TCP4:10.78.0.1:8123,connect-timeout=2').ok, false, 'a port of the host is closed to zones')
    server.kill('SIGKILL')
    // From outside the zones cannot be reached, though the route is known.
    outside.exec('ip', 'route', 'add', '10.78.0.0/24', 'via', '192.0.2.1')
    assert.equal(outside.exec('ping', '-c1', '-W1', '10.78.0.11').ok, false)
    await network.detach(['z11n0', 'z12n0'], context)
    await network.destroyTag(tag, context)
    attempt('ip', 'link', 'del', 'dev', 'uplink')
  })

  test('tags are apart: an etherstub, another nat tag, two nics of a zone', async () => {
    const [left, right] = [natTag('left0', '10.81'), natTag('right0', '10.82')]
    const stub: NicTag = { name: 'stub0', type: 'etherstub', mac: '-', mtu: 1500, host_addresses: ['10.83.0.1/24'] }
    for (const tag of [left, right, stub]) await network.ensureTag(tag, context)
    const [one, two] = [await lab.createZone(), await lab.createZone()]
    const onStub = (zone: number): ReturnType<typeof suiteNic> =>
      nicOn(stub, zone, { interface: 'net1', host_link: `z${zone}n1`, mac: `02:08:20:00:01:${zone}`, addresses: [`10.83.0.${zone}/24`] })
    await plumb(
      one.netns,
      [nicOn(left, 21, { addresses: ['10.81.0.21/24'], gateways: ['10.81.0.1'] }), onStub(21)],
      [{ to: '10.200.0.0/16', via: null, interface: 'net1' }],
      context,
    )
    await plumb(two.netns, [nicOn(right, 22, { addresses: ['10.82.0.22/24'], gateways: ['10.82.0.1'] }), onStub(22)], [], context)
    assertPing(one, '10.83.0.22')
    assertPing(one, '10.81.0.1')
    assert.equal(one.exec('ping', '-c1', '-W1', '10.82.0.22').ok, false)
    assert.match(one.exec('ip', 'route').output, /10\.200\.0\.0\/16 dev net1/)
    await network.detach(['z21n0', 'z21n1', 'z22n0', 'z22n1'], context)
    for (const tag of [left, right, stub]) await network.destroyTag(tag, context)
  })

  test('DHCP: a client is run for the nic, its lease may be used, detach ends it', async () => {
    const tag: NicTag = { name: 'dhcp0', type: 'etherstub', mac: '-', mtu: 1500 }
    await network.ensureTag(tag, context)
    const [serverZone, client] = [await lab.createZone(), await lab.createZone()]
    const free = { mac_nospoof: true, allowed_ips: null, dhcp_nospoof: false, allowed_dhcp_cids: [], restricted: true, blocked_outgoing_ports: [] }
    await plumb(serverZone.netns, [nicOn(tag, 31, { addresses: ['10.84.0.1/24'], guard: free })], [], context)
    startDnsmasq(lab, serverZone, 'net0', ['--dhcp-range=10.84.0.100,10.84.0.150,2m', '--dhcp-option=6,10.84.0.53'])
    await plumb(client.netns, [nicOn(tag, 32, { addresses: [], dhcp: true })], [], context)
    await waitFor(async () => (await readDhcpLease(lab.runDir, 'z32n0')) !== null, 15_000)
    const lease = await readDhcpLease(lab.runDir, 'z32n0')
    assert.deepEqual(lease?.resolvers, ['10.84.0.53'])
    assert.match(client.exec('ip', 'address', 'show', 'dev', 'net0').output, new RegExp(`${lease.ip}/24`))
    assertPing(client, '10.84.0.1')
    // Only what the server gave: a second address of the same subnet is not the nic's.
    client.exec('ip', 'address', 'add', '10.84.0.99/24', 'dev', 'net0')
    assert.equal(client.exec('ping', '-c1', '-W1', '-I', '10.84.0.99', '10.84.0.1').ok, false)
    assert.equal(await isDhcpRunning(lab.runDir, 'z32n0'), true)
    const pid = readFileSync(`${lab.runDir}/dhcp/z32n0.stat`, 'utf8').split(' ')[0]!
    assert.match(attempt('cat', `/proc/${pid}/cmdline`).output, /udhcpc/)
    assert.equal(attempt('sh', '-c', `ls /proc/${pid}/root/`).output, 'bin\nlease.sh\n')
    await network.detach(['z31n0', 'z32n0'], context)
    await waitFor(() => !attempt('cat', `/proc/${pid}/cmdline`).output.includes('udhcpc'))
    await network.destroyTag(tag, context)
  })

  test('addrconf: a router advertisement is heeded by the nic that asks for it, and by no other', async () => {
    const tag: NicTag = { name: 'ra0', type: 'etherstub', mac: '-', mtu: 1500 }
    await network.ensureTag(tag, context)
    const [router, asking, other] = [await lab.createZone(), await lab.createZone(), await lab.createZone()]
    const free = { mac_nospoof: true, allowed_ips: null, dhcp_nospoof: false, allowed_dhcp_cids: [], restricted: true, blocked_outgoing_ports: [] }
    await plumb(router.netns, [nicOn(tag, 35, { addresses: ['fd86::1/64'], guard: free })], [], context)
    const guard = { ...free, allowed_ips: ['fe80::8:20ff:fe00:24'], dhcp_nospoof: true }
    await plumb(asking.netns, [nicOn(tag, 36, { addresses: [], addrconf: true, guard })], [], context)
    await plumb(other.netns, [nicOn(tag, 37, { addresses: [] })], [], context)
    startDnsmasq(lab, router, 'net0', ['--enable-ra', '--dhcp-range=fd86::,ra-only'])
    const own = /inet6 fd86::8:20ff:fe00:24\/64 scope global (?!.*tentative)/
    await waitFor(() => own.test(asking.exec('ip', '-6', 'address', 'show', 'dev', 'net0').output), 15_000)
    assert.match(asking.exec('ip', '-6', 'route', 'show', 'default').output, /via fe80::8:20ff:fe00:23 dev net0 proto ra/)
    assertPing(asking, 'fd86::1')
    assert.doesNotMatch(other.exec('ip', '-6', 'address', 'show', 'dev', 'net0').output, /fd86/)
    assert.equal(other.exec('ip', '-6', 'route', 'show', 'default').output, '')
    await network.detach(['z35n0', 'z36n0', 'z37n0'], context)
    await network.destroyTag(tag, context)
  })

  test('a normal tag takes its hardware, with addresses and routes, and gives them back', async () => {
    attempt('ip', 'link', 'add', 'hw0', 'address', '02:aa:00:00:00:01', 'type', 'veth', 'peer', 'name', 'hw1')
    for (const argv of [
      ['link', 'set', 'hw0', 'up'],
      ['link', 'set', 'hw1', 'up'],
      ['address', 'add', '198.51.100.2/24', 'dev', 'hw0'],
      ['route', 'add', '203.0.113.0/24', 'via', '198.51.100.1'],
    ])
      attempt('ip', ...argv)
    const tag: NicTag = { name: 'hard0', type: 'normal', mac: '02:aa:00:00:00:01', mtu: 1500 }
    await network.ensureTag(tag, context)
    await network.ensureTag(tag, context)
    assert.match(attempt('ip', 'address', 'show', 'dev', bridgeName('hard0')).output, /198\.51\.100\.2\/24/)
    assert.match(attempt('ip', 'route').output, /203\.0\.113\.0\/24 via 198\.51\.100\.1 dev br-hard0/)
    await network.destroyTag(tag, context)
    assert.match(attempt('ip', 'route').output, /203\.0\.113\.0\/24 via 198\.51\.100\.1 dev hw0/)
    attempt('ip', 'link', 'del', 'hw0')
  })

  test('a VLAN is refused with a sentence where the kernel has none', async (t) => {
    const tag: NicTag = { name: 'vlan0', type: 'etherstub', mac: '-', mtu: 1500 }
    await network.ensureTag(tag, context)
    if (/vlan_default_pvid/.test(attempt('ip', '-d', 'link', 'show', 'dev', 'br-vlan0').output)) t.diagnostic('this kernel has VLANs: the refusal is not seen')
    else
      await assert.rejects(
        network.attach((await lab.createZone()).netns, [nicOn(tag, 41, { vlan_id: 7 })], [], context),
        (error) => isAppError(error, 'NotSupported') && /VLAN 7/.test(error.message),
      )
    await network.destroyTag(tag, context)
  })

  test('measured: attach and detach of one nic', async (t) => {
    const tag = natTag('time0', '10.85')
    await network.ensureTag(tag, context)
    const zone = await lab.createZone()
    const times: number[][] = [[], [], []]
    for (let index = 0; index < 15; index++) {
      const nic = nicOn(tag, 50, { addresses: ['10.85.0.50/24', 'fd85::50/64'], gateways: ['10.85.0.1'] })
      const started = performance.now()
      await network.attach(zone.netns, [nic], [], context)
      const attached = performance.now()
      await network.setGuards([nic], context)
      const guarded = performance.now()
      await network.detach(['z50n0'], context)
      times[0]!.push(attached - started)
      times[1]!.push(performance.now() - guarded)
      times[2]!.push(guarded - attached)
    }
    const median = (list: number[]): string => list.sort((a, b) => a - b)[7]!.toFixed(1)
    const again = performance.now()
    await network.ensureTag(tag, context)
    t.diagnostic(
      `attach ${median(times[0]!)} ms (min ${times[0]![0]!.toFixed(1)}), setGuards ${median(times[2]!)} ms, detach ${median(times[1]!)} ms, ensureTag again ${(performance.now() - again).toFixed(1)} ms`,
    )
    assert.ok(Number(median(times[0]!)) < 50)
    await network.destroyTag(tag, context)
  })
}

function natTag(name: string, net: string): NicTag {
  return { name, type: 'normal', mac: '-', mtu: 1500, host_addresses: [`${net}.0.1/24`], nat: true }
}

function natNic(zone: number, tag: NicTag): ReturnType<typeof suiteNic> {
  return nicOn(tag, zone, { mtu: 1400, addresses: [`10.78.0.${zone}/24`, `fd78::${zone}/64`], gateways: ['10.78.0.1', 'fd78::1'] })
}

function nicOn(tag: NicTag, zone: number, changes: Parameters<typeof suiteNic>[1]): ReturnType<typeof suiteNic> {
  const nic = suiteNic(zone, { bridge: bridgeName(tag.name), ...changes })
  const own = nic.addresses.map((address) => address.split('/')[0]!)
  return { ...nic, guard: changes?.guard ?? { ...nic.guard, allowed_ips: own } }
}

async function connectOutside(lab: NetworkLab): Promise<LabZone> {
  const outside = await lab.createOutside()
  attempt('ip', 'link', 'add', 'uplink', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(outside.pid))
  for (const address of ['192.0.2.1/24', '2001:db8::1/64'])
    attempt('ip', 'address', 'add', address, 'dev', 'uplink', ...(address.includes(':') ? ['nodad'] : []))
  attempt('ip', 'link', 'set', 'uplink', 'up')
  outside.exec('ip', 'link', 'set', 'eth0', 'up')
  outside.exec('ip', 'address', 'add', '192.0.2.2/24', 'dev', 'eth0')
  outside.exec('ip', 'address', 'add', '2001:db8::2/64', 'dev', 'eth0', 'nodad')
  return outside
}

function assertPing(zone: LabZone, target: string): void {
  const result = zone.exec('ping', '-c1', '-W2', target)
  assert.ok(result.ok, `ping ${target}: ${result.output}`)
}

function addressesOf(json: string): string[] {
  const links = JSON.parse(json) as { addr_info?: { local: string; prefixlen: number; scope: string }[] }[]
  return links
    .flatMap((link) => link.addr_info ?? [])
    .filter((info) => info.scope === 'global')
    .map((info) => `${info.local}/${info.prefixlen}`)
}
