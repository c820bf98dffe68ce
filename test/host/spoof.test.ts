import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { NicTag } from '#contracts/network/address.ts'
import { bridgeName } from '#contracts/network/bridge-name.ts'
import { type Context, silentLog } from '#host/context.ts'
import { createLinuxNetwork } from '#host/ip/create-network.ts'
import type { NicGuard, NicPlan } from '#host/network.ts'
import {
  arp,
  bootp,
  ether,
  ipv4,
  ipv6,
  listenerReport,
  neighbour,
  nowhere,
  other,
  own,
  redirect,
  routerAdvert,
  routerSolicit,
  tcpSyn,
  udp,
} from '../harness/frames.ts'
import { type LabZone, NetworkLab, attempt, waitFor } from '../harness/network-lab.ts'
import { isInOwnNetwork } from '../harness/own-network.ts'

interface Case {
  name: string
  frame: string
  /** The change of the guard that lets it out; null = nothing does. */
  freedBy: Partial<NicGuard> | null
}

const context: Context = { signal: new AbortController().signal, log: silentLog, now: () => new Date() }
const tag: NicTag = { name: 'spoof0', type: 'etherstub', mac: '-', mtu: 1500 }
const strict: NicGuard = {
  mac_nospoof: true,
  allowed_ips: ['10.90.0.61', 'fd90::61', 'fe80::8:20ff:fe00:61'],
  dhcp_nospoof: true,
  allowed_dhcp_cids: [],
  restricted: true,
  blocked_outgoing_ports: [25],
}
const open: NicGuard = { mac_nospoof: false, allowed_ips: null, dhcp_nospoof: false, allowed_dhcp_cids: [], restricted: false, blocked_outgoing_ports: [] }
const freeMac = { mac_nospoof: false }
const freeIp = { allowed_ips: null }
const freeDhcp = { dhcp_nospoof: false }

const refused: Case[] = [
  { name: 'another source MAC', frame: ether('0800', ipv4('11', udp(1, 2)), other.mac), freedBy: freeMac },
  { name: 'another IPv4 source', frame: ether('0800', ipv4('11', udp(1, 3), other.ip)), freedBy: freeIp },
  { name: 'another IPv4 source in a later fragment', frame: ether('0800', ipv4('11', 'beef'.repeat(8), other.ip, '0010')), freedBy: freeIp },
  { name: 'another IPv6 source', frame: ether('86dd', ipv6('11', udp(1, 4), other.ip6)), freedBy: freeIp },
  { name: 'another link-local source', frame: ether('86dd', ipv6('11', udp(1, 5), other.linkLocal)), freedBy: freeIp },
  { name: 'ARP with another sender IP', frame: ether('0806', arp(own.mac, other.ip)), freedBy: freeIp },
  { name: 'ARP with another sender MAC', frame: ether('0806', arp(other.mac, own.ip)), freedBy: freeMac },
  { name: 'neighbour advertisement of another address', frame: ether('86dd', ipv6('3a', neighbour('advert', other.ip6, `0201${own.mac}`))), freedBy: freeIp },
  { name: 'neighbour advertisement with another MAC', frame: ether('86dd', ipv6('3a', neighbour('advert', own.ip6, `0201${other.mac}`))), freedBy: freeMac },
  {
    name: 'neighbour advertisement that hides the MAC behind another option',
    frame: ether('86dd', ipv6('3a', neighbour('advert', own.ip6, `0e010000000000000201${other.mac}`))),
    freedBy: freeMac,
  },
  {
    name: 'neighbour advertisement behind an extension header',
    frame: ether('86dd', ipv6('3c', `3a00010400000000${neighbour('advert', other.ip6)}`)),
    freedBy: { ...freeIp, ...freeMac },
  },
  { name: 'neighbour solicitation with another MAC', frame: ether('86dd', ipv6('3a', neighbour('solicit', other.ip6, `0101${other.mac}`))), freedBy: freeMac },
  { name: 'claim of another address (DAD)', frame: ether('86dd', ipv6('3a', neighbour('solicit', other.ip6), nowhere)), freedBy: freeIp },
  { name: 'router solicitation with another MAC', frame: ether('86dd', ipv6('3a', `${routerSolicit}0101${other.mac}`)), freedBy: freeMac },
  { name: 'router advertisement', frame: ether('86dd', ipv6('3a', routerAdvert, own.linkLocal)), freedBy: freeDhcp },
  {
    name: 'router advertisement behind an extension header',
    frame: ether('86dd', ipv6('3c', `3a00010400000000${routerAdvert}`, own.linkLocal)),
    freedBy: freeDhcp,
  },
  { name: 'redirect', frame: ether('86dd', ipv6('3a', redirect, own.linkLocal)), freedBy: freeDhcp },
  { name: 'DHCP offer', frame: ether('0800', ipv4('11', udp(67, 68, bootp('02', other.mac)))), freedBy: freeDhcp },
  { name: 'DHCPv6 reply', frame: ether('86dd', ipv6('11', udp(547, 546), own.linkLocal)), freedBy: freeDhcp },
  { name: 'DHCP request for another MAC', frame: ether('0800', ipv4('11', udp(68, 67, bootp('01', other.mac)))), freedBy: freeDhcp },
  { name: 'DHCP request of a nic that has no dhcp', frame: ether('0800', ipv4('11', udp(68, 67, bootp('01', own.mac)), '00000000')), freedBy: freeIp },
  { name: 'a protocol that is not IP or ARP', frame: ether('88b5', 'beef'.repeat(30)), freedBy: { restricted: false } },
  { name: 'IPv4 in an 802.3 frame', frame: ether('0040', `aaaa030000000800${ipv4('11', udp(1, 6))}`.padEnd(128, '0')), freedBy: { restricted: false } },
  { name: 'a blocked TCP port', frame: ether('0800', ipv4('06', tcpSyn(25))), freedBy: { blocked_outgoing_ports: [] } },
  { name: 'a VLAN tag', frame: ether('8100', `00070800${ipv4('11', udp(1, 7))}`), freedBy: null },
  { name: 'a priority tag', frame: ether('8100', `e0000800${ipv4('11', udp(1, 8))}`), freedBy: null },
  { name: 'a service VLAN tag', frame: ether('88a8', `0007810000080800${ipv4('11', udp(1, 9))}`), freedBy: null },
  { name: 'the address of LLDP', frame: ether('0800', ipv4('11', udp(1, 10)), other.mac, '0180c200000e'), freedBy: null },
  { name: 'the address of spanning tree', frame: ether('0027', `424203${'00'.repeat(36)}`, other.mac, '0180c2000000'), freedBy: null },
  { name: 'the address of LACP', frame: ether('8809', '01'.repeat(50), other.mac, '0180c2000002'), freedBy: null },
]

const allowed: [string, string][] = [
  ['its IPv4 address', ether('0800', ipv4('11', udp(9, 1)))],
  ['its IPv6 address', ether('86dd', ipv6('11', udp(9, 2)))],
  ['its link-local address', ether('86dd', ipv6('11', udp(9, 3), own.linkLocal))],
  ['ARP of its own', ether('0806', arp(own.mac, own.ip))],
  ['ARP probe', ether('0806', arp(own.mac, '00000000'))],
  ['neighbour advertisement of its own', ether('86dd', ipv6('3a', neighbour('advert', own.ip6, `0201${own.mac}`)))],
  ['neighbour solicitation', ether('86dd', ipv6('3a', neighbour('solicit', other.ip6, `0101${own.mac}`)))],
  ['duplicate address detection with a nonce', ether('86dd', ipv6('3a', neighbour('solicit', own.linkLocal, '0e01010203040506'), nowhere))],
  ['router solicitation', ether('86dd', ipv6('3a', `${routerSolicit}0101${own.mac}`, own.linkLocal))],
  ['listener report before it has an address', ether('86dd', ipv6('3a', listenerReport, nowhere))],
  ['another TCP port', ether('0800', ipv4('06', tcpSyn(26)))],
]

if (isInOwnNetwork(import.meta.filename)) registerAll()

function registerAll(): void {
  const lab = new NetworkLab()
  after(() => lab.close())
  const network = createLinuxNetwork({ runDir: lab.runDir })
  for (const name of ['spoofer', 'listener'])
    execFileSync('cc', ['-Wall', '-Wextra', '-Werror', '-o', join(lab.runDir, name), join(import.meta.dirname, `../harness/${name}.c`)])
  const seen = new Set<string>()
  let attacker: LabZone
  let serial = 0

  const send = (frame: string): void => {
    const sent = attacker.exec(join(lab.runDir, 'spoofer'), 'net0', frame)
    assert.ok(sent.ok, sent.output)
  }
  /** Frames are seen in order: when this one came, so did all before it that could. */
  const settle = async (): Promise<void> => {
    const last = ether('0800', ipv4('11', udp(4000, 5000 + serial++)))
    send(last)
    await waitFor(() => seen.has(last))
  }

  test('everything is set up, and a plain frame is seen', async () => {
    await network.ensureTag(tag, context)
    attacker = await lab.createZone()
    const witness = await lab.createZone()
    await network.attach(attacker.netns, [nic(61, strict)], [], context)
    await network.attach(witness.netns, [nic(62, open)], [], context)
    await network.setGuards([nic(62, open)], context)
    const listener = lab.start('nsenter', [`--target=${witness.pid}`, '--net', '--', join(lab.runDir, 'listener'), 'net0'])
    let rest = ''
    listener.stdout!.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n')
      rest = lines.pop()!
      for (const line of lines) seen.add(line)
    })
    await waitFor(() => seen.has('ready'))
    // Attached, but not yet guarded: it must be silent.
    const early = ether('0800', ipv4('11', udp(78, 78)))
    send(early)
    await network.setGuards([nic(61, strict)], context)
    await settle()
    assert.equal(seen.has(early), false)
  })

  test('guarded: what is its own leaves, nothing else does', async () => {
    for (const one of refused) send(one.frame)
    for (const [, frame] of allowed) send(frame)
    await settle()
    assert.deepEqual(
      refused.filter((one) => seen.has(one.frame)).map((one) => one.name),
      [],
    )
    assert.deepEqual(
      allowed.filter(([, frame]) => !seen.has(frame)).map(([name]) => name),
      [],
    )
    assert.doesNotMatch(
      attempt('bridge', 'fdb', 'show', 'br', bridgeName(tag.name)).output,
      /02:08:20:00:00:99/,
      'the bridge learned no MAC from a refused frame',
    )
  })

  test('root of the zone cannot lift the guards', async () => {
    attacker.exec('nft', 'flush', 'ruleset')
    const [first] = refused
    send(first!.frame)
    await settle()
    assert.equal(seen.has(first!.frame), false)
    assert.equal(attempt('nft', 'list', 'chain', 'bridge', 'spirula', 'from_z61n0').ok, true)
  })

  for (const one of refused.filter((each) => each.freedBy !== null)) {
    test(`leaves when freed: ${one.name}`, async () => {
      await network.setGuards([nic(61, { ...strict, ...one.freedBy })], context)
      send(one.frame)
      await waitFor(() => seen.has(one.frame))
    })
  }

  test('tags and bridge group addresses leave by no flag', async () => {
    // What the bridge hands up past its hooks would enter the node's own stack with the port as its link.
    execFileSync('nft', ['-f', '-'], { input: 'table inet probe {\n chain in { type filter hook prerouting priority -400; iifname "z*" counter; }\n}\n' })
    await network.setGuards([nic(61, open)], context)
    for (const one of refused.filter((each) => each.freedBy === null)) send(one.frame)
    await settle()
    assert.deepEqual(
      refused.filter((one) => one.freedBy === null && seen.has(one.frame)).map((one) => one.name),
      [],
    )
    assert.match(attempt('nft', 'list', 'chain', 'inet', 'probe', 'in').output, /counter packets 0 /)
  })

  test('a link without a guard sends nothing', async () => {
    attempt('nft', 'delete', 'element', 'bridge', 'spirula', 'from_nics', '{ "z61n0" }')
    const frame = ether('0800', ipv4('11', udp(77, 77)))
    send(frame)
    await new Promise((resolve) => setTimeout(resolve, 100))
    assert.equal(seen.has(frame), false)
    await network.setGuards([nic(61, strict)], context)
    await settle()
    assert.equal(seen.has(frame), false)
  })

  test('when all rules of the node were flushed, the next guard comes with the base', async () => {
    attempt('nft', 'flush', 'ruleset')
    await network.setGuards([nic(61, strict)], context)
    const frame = ether('0800', ipv4('11', udp(79, 79), other.ip))
    send(frame)
    await settle()
    assert.equal(seen.has(frame), false)
    attempt('nft', 'flush', 'ruleset')
    await network.detach(['z61n0'], context)
  })
}

function nic(zone: number, guard: NicGuard): NicPlan {
  const mac = `02:08:20:00:00:${zone}`
  return {
    interface: 'net0',
    host_link: `z${zone}n0`,
    bridge: bridgeName(tag.name),
    mac,
    mtu: 1500,
    vlan_id: 0,
    addresses: [`10.90.0.${zone}/24`, `fd90::${zone}/64`],
    dhcp: false,
    addrconf: false,
    gateways: [],
    guard,
  }
}
