import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '#contracts/errors.ts'
import type { Nic } from '#contracts/machine/record.ts'
import { bridgeName } from '#contracts/network/bridge-name.ts'
import { planLinkLocal } from './link-local.ts'
import { planNics } from './nics.ts'

const tags = (name: string): { name: string; type: 'normal'; mac: string; mtu: number } => ({ name, type: 'normal', mac: '-', mtu: 1500 })
const nic = (changes: Partial<Nic>): Nic => ({ interface: 'net0', mac: '02:08:20:aa:bb:01', nic_tag: 'admin', ips: ['10.0.0.2/24'], ...changes })

test('the primary nic comes first, host links keep their place, gateways stay with their nic', () => {
  const { nics } = planNics(
    { nics: [nic({}), nic({ interface: 'net1', primary: true, gateways: ['10.0.1.1'], ips: ['10.0.1.2/24', 'addrconf', 'dhcp'] })], routes: {} },
    7,
    tags,
  )
  assert.deepEqual(
    nics.map((one) => [one.host_link, one.gateways, one.addresses, one.dhcp, one.addrconf, one.mtu]),
    [
      ['z7n1', ['10.0.1.1'], ['10.0.1.2/24'], true, true, 1500],
      ['z7n0', [], ['10.0.0.2/24'], false, false, 1500],
    ],
  )
})

test('a guard allows own, extra, VRRP and link-local addresses; flags lift it; dhcp implies ip', () => {
  const guardOf = (changes: Partial<Nic>): ReturnType<typeof planNics>['nics'][0]['guard'] =>
    planNics({ nics: [nic(changes)], routes: {} }, 1, tags).nics[0]!.guard
  assert.deepEqual(guardOf({ allowed_ips: ['10.9.0.0/16'], vrrp_primary_ip: '10.0.0.3', blocked_outgoing_ports: [80, 25, 25] }), {
    mac_nospoof: true,
    allowed_ips: ['10.0.0.2', '10.9.0.0/16', '10.0.0.3', 'fe80::8:20ff:feaa:bb01'],
    dhcp_nospoof: true,
    allowed_dhcp_cids: [],
    restricted: true,
    blocked_outgoing_ports: [25, 80],
  })
  for (const flag of ['allow_dhcp_spoofing', 'dhcp_server'] as const)
    assert.deepEqual([guardOf({ [flag]: true }).dhcp_nospoof, guardOf({ [flag]: true }).allowed_ips], [false, null])
  assert.deepEqual([guardOf({ allow_ip_spoofing: true }).allowed_ips, guardOf({ allow_ip_spoofing: true }).dhcp_nospoof], [null, true])
  assert.equal(guardOf({ allow_mac_spoofing: true }).mac_nospoof, false)
  assert.equal(guardOf({ allow_restricted_traffic: true }).restricted, false)
})

test('routes go by address, nics[N] or macs[…]; anything else is named', () => {
  const nics = [nic({}), nic({ interface: 'net1', mac: '02:08:20:aa:bb:02' })]
  assert.deepEqual(planNics({ nics, routes: { '10.1.0.0/16': '10.0.0.1', '10.2.0.1': 'nics[1]', 'fd00::1': 'macs[02:08:20:AA:BB:02]' } }, 1, tags).routes, [
    { to: '10.1.0.0/16', via: '10.0.0.1', interface: null },
    { to: '10.2.0.1/32', via: null, interface: 'net1' },
    { to: 'fd00::1/128', via: null, interface: 'net1' },
  ])
  assert.throws(
    () => planNics({ nics, routes: { '10.1.0.0/16': 'nics[5]' } }, 1, tags),
    (error) => isAppError(error, 'InvalidPayload') && /nics\[5\]/.test(error.message),
  )
  assert.throws(
    () => planNics({ nics: [nic({ mtu: 9000 })], routes: {} }, 1, tags),
    (error) => isAppError(error, 'InvalidPayload'),
  )
})

test('bridge names fit the kernel and differ; link-local addresses are EUI-64', () => {
  assert.equal(bridgeName('admin'), 'br-admin')
  for (const long of ['a_very_long_nic_tag_name', 'overlay/7']) assert.match(bridgeName(long), /^br-[0-9a-f]{8}$/)
  assert.notEqual(bridgeName('a_very_long_nic_tag_name1'), bridgeName('a_very_long_nic_tag_name2'))
  assert.equal(planLinkLocal('02:08:20:00:00:61'), 'fe80::8:20ff:fe00:61')
})
