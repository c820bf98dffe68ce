import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseUsbkeyConfig } from '#contracts/platform/usbkey-config.ts'
import { needsCarrier, type Nic } from './links.ts'
import { planNetwork } from './network.ts'
import { parseNetworkSettings } from './network-settings.ts'

const one: Nic = { name: 'enp1s0', mac: '52:54:00:00:00:01', carrier: true }
const two: Nic = { name: 'enp2s0', mac: '52:54:00:00:00:02', carrier: true }
const three: Nic = { name: 'enp3s0', mac: '52:54:00:00:00:03', carrier: false }

function plan(config: string, nics: readonly Nic[] = [one, two]) {
  const { values, problems } = parseUsbkeyConfig(config)
  assert.deepEqual(problems, [])
  return planNetwork(parseNetworkSettings(values), nics)
}

describe('planNetwork', () => {
  test('a fixed admin address is on the bridge of the tag, and the link in it', () => {
    const { files, tags, problems, shown } = plan(
      'admin_nic=52:54:0:0:0:1\nadmin_ip=10.0.0.2\nadmin_netmask=255.255.255.0\nadmin_gateway=10.0.0.1\ndns_resolvers=9.9.9.9',
    )
    assert.deepEqual(problems, [])
    assert.deepEqual([...files.keys()].sort(), ['20-br-admin.netdev', '40-enp1s0.network', '50-br-admin.network', '95-spirula-dhcp.network'])
    assert.equal(files.get('95-spirula-dhcp.network'), '')
    assert.match(files.get('20-br-admin.netdev')!, /Kind=bridge\nMACAddress=52:54:00:00:00:01/)
    assert.match(files.get('40-enp1s0.network')!, /^\[Match\]\nName=enp1s0\n\n\[Network\]\nBridge=br-admin\n/)
    assert.match(files.get('50-br-admin.network')!, /Address=10\.0\.0\.2\/24\nGateway=10\.0\.0\.1\nLinkLocalAddressing=no/)
    assert.doesNotMatch(files.get('50-br-admin.network')!, /DHCP/)
    assert.deepEqual(tags, [{ name: 'admin', type: 'normal', mac: one.mac, mtu: 1500 }])
    assert.deepEqual(shown, ['br-admin'])
  })

  test('without an address the admin network asks for one, none means none', () => {
    assert.match(plan('admin_nic=52:54:00:00:00:01').files.get('50-br-admin.network')!, /DHCP=ipv4[\s\S]*UseDNS=yes\nUseGateway=yes/)
    const none = plan('admin_nic=52:54:00:00:00:01\nadmin_ip=none').files.get('50-br-admin.network')!
    assert.doesNotMatch(none, /DHCP|Address=/)
    assert.match(none, /ConfigureWithoutCarrier=yes/)
  })

  test('a fixed default route keeps those DHCP offers out, and so do fixed resolvers', () => {
    const { files } = plan(
      'admin_nic=52:54:00:00:00:01\nadmin_ip=dhcp\nexternal_nic=52:54:00:00:00:02\nexternal_ip=192.168.1.2/24\nheadnode_default_gateway=192.168.1.1\ndns_resolvers=9.9.9.9',
    )
    assert.match(files.get('50-br-admin.network')!, /UseDNS=no\nUseGateway=no/)
    assert.match(files.get('50-br-external.network')!, /Address=192\.168\.1\.2\/24\nGateway=192\.168\.1\.1/)
  })

  test('a gateway in no subnet is told', () => {
    const { problems, files } = plan('admin_nic=52:54:00:00:00:01\nadmin_ip=10.0.0.2/24\nadmin_gateway=10.9.9.1')
    assert.match(problems.join(), /The gateway 10\.9\.9\.1 is in no subnet/)
    assert.doesNotMatch(files.get('50-br-admin.network')!, /Gateway/)
  })

  test('IPv6: fixed, or by advertisements', () => {
    assert.match(
      plan('admin_nic=52:54:00:00:00:01\nadmin_ip=none\nadmin_ip6=fd00::2/64\nadmin_gateway6=fd00::1').files.get('50-br-admin.network')!,
      /Address=fd00::2\/64\nGateway=fd00::1\nLinkLocalAddressing=ipv6\nIPv6AcceptRA=no/,
    )
    assert.match(
      plan('admin_nic=52:54:00:00:00:01\nadmin_ip6=addrconf').files.get('50-br-admin.network')!,
      /DHCP=yes\nLinkLocalAddressing=ipv6\nIPv6AcceptRA=yes/,
    )
  })

  test('a VLAN is a link over the bridge', () => {
    const { files, shown } = plan(
      'admin_nic=52:54:00:00:00:01\nexternal_nic=52:54:00:00:00:02\nexternal0_ip=10.5.0.2/24\nexternal0_vlan_id=12\nexternal0_mac=2:0:0:0:0:9',
    )
    assert.match(files.get('30-external0.netdev')!, /Kind=vlan\nMACAddress=02:00:00:00:00:09\n\n\[VLAN\]\nId=12/)
    assert.match(files.get('50-br-external.network')!, /VLAN=external0/)
    assert.match(files.get('50-external0.network')!, /Address=10\.5\.0\.2\/24/)
    assert.deepEqual(shown, ['br-admin', 'external0'])
  })

  test('an untagged second interface shares the bridge; an address without a tag is told', () => {
    const { files, problems } = plan('admin_nic=52:54:00:00:00:01\nadmin_ip=10.0.0.2/24\nstorage_ip=10.6.0.2/24')
    assert.match(problems.join(), /storage_ip of \/usbkey\/config is not applied: no storage_nic/)
    assert.equal(
      [...files.keys()].some((name) => name.includes('storage')),
      false,
    )
  })

  test('a tag whose name ends in a digit has its own interface', () => {
    const { files, shown } = plan('admin_nic=52:54:00:00:00:01\nnet0_nic=52:54:00:00:00:02\nnet0_ip=10.7.0.2/24')
    assert.match(files.get('50-br-net0.network')!, /Address=10\.7\.0\.2\/24/)
    assert.deepEqual(shown, ['br-admin', 'br-net0'])
  })

  test('two tags on one link: the second bridge is joined to the first, and the daemon finds its end by MAC', () => {
    const { files, tags } = plan('admin_nic=52:54:00:00:00:01\nexternal_nic=52:54:00:00:00:01')
    assert.match(files.get('40-enp1s0.network')!, /Bridge=br-admin/)
    assert.match(files.get('30-join1.netdev')!, /Name=join1\nKind=veth\n\n\[Peer\]\nName=join1t\nMACAddress=02:53:/)
    assert.match(files.get('40-join1.network')!, /Bridge=br-admin/)
    assert.match(files.get('40-join1t.network')!, /Bridge=br-external/)
    const external = tags.find(({ name }) => name === 'external')!
    assert.notEqual(external.mac, one.mac)
    assert.ok(files.get('30-join1.netdev')!.includes(external.mac))
  })

  test('the larger MTU of two tags counts for their link', () => {
    const { files, tags } = plan('admin_nic=52:54:00:00:00:01\nstorage_nic=52:54:00:00:00:02\nstorage_mtu=9000')
    assert.match(files.get('40-enp2s0.network')!, /MTUBytes=9000/)
    assert.match(files.get('20-br-storage.netdev')!, /MTUBytes=9000/)
    assert.doesNotMatch(files.get('40-enp1s0.network')!, /MTU/)
    assert.equal(tags[1]?.mtu, 9000)
  })

  test('an aggregation takes the links that are there', () => {
    const config = 'admin_nic=aggr0\naggr0_aggr=52:54:00:00:00:01,52:54:00:00:00:02,52:54:00:00:00:0f\naggr0_lacp_mode=active'
    const { files, tags, problems } = plan(config)
    assert.match(files.get('10-aggr0.netdev')!, /Kind=bond\nMACAddress=52:54:00:00:00:01\n\n\[Bond\]\nMode=802\.3ad/)
    assert.match(files.get('40-enp1s0.network')!, /Bond=aggr0/)
    assert.match(files.get('40-enp2s0.network')!, /Bond=aggr0/)
    assert.match(files.get('40-aggr0.network')!, /Bridge=br-admin/)
    assert.equal(tags[0]?.mac, one.mac)
    assert.deepEqual(problems, ['The aggregation aggr0 lacks 52:54:00:00:00:0f: not in this machine.'])
    assert.match(plan(config.replace('active', 'off')).files.get('10-aggr0.netdev')!, /Mode=balance-xor/)
  })

  test('etherstubs are tags without hardware', () => {
    assert.deepEqual(plan('admin_nic=52:54:00:00:00:01\netherstub=stub0,stub1').tags.slice(1), [
      { name: 'stub0', type: 'etherstub', mac: '-', mtu: 1500 },
      { name: 'stub1', type: 'etherstub', mac: '-', mtu: 1500 },
    ])
  })
})

describe('an admin link that is not in this machine', () => {
  const gone = 'admin_nic=52:54:00:00:00:99\nadmin_ip=10.0.0.2/24'

  test('the only link takes its place, also for other tags of that link', () => {
    const { files, problems, tags } = plan(`${gone}\nexternal_nic=52:54:00:00:00:99`, [three])
    assert.match(files.get('40-enp3s0.network')!, /Bridge=br-admin/)
    assert.match(problems.join(), /52:54:00:00:00:99 of admin_nic is not in this machine: enp3s0 .* set admin_nic=52:54:00:00:00:03/)
    assert.equal(tags[0]?.mac, three.mac)
    assert.match(files.get('40-join1t.network')!, /Bridge=br-external/)
  })

  test('of several the first that is connected, and not one that another tag names', () => {
    assert.match(plan(gone, [three, two]).files.get('40-enp2s0.network')!, /br-admin/)
    assert.match(plan(`${gone}\nexternal_nic=52:54:00:00:00:01`, [one, two]).files.get('40-enp2s0.network')!, /br-admin/)
    assert.match(plan(`${gone}\nexternal_nic=52:54:00:00:00:01`, [one]).files.get('40-enp1s0.network')!, /br-admin/)
  })

  test('without settings for it, the same', () => {
    const { problems, files } = plan('hostname=a', [one])
    assert.match(problems.join(), /names no admin_nic: enp1s0/)
    assert.match(files.get('50-br-admin.network')!, /DHCP=ipv4/)
  })

  test('without any link the bridge is there and the node says so', () => {
    const { files, problems, tags } = plan(gone, [])
    assert.match(problems.join(), /there is no other: the node has no network/)
    assert.match(files.get('20-br-admin.netdev')!, /Kind=bridge/)
    assert.equal(tags[0]?.mac, '-')
  })

  test('another tag without its link has a bridge alone', () => {
    const { tags, problems } = plan('admin_nic=52:54:00:00:00:01\nexternal_nic=52:54:00:00:00:99')
    assert.deepEqual(tags[1], { name: 'external', type: 'normal', mac: '-', mtu: 1500 })
    assert.match(problems.join(), /The nic tag external has no hardware now/)
  })

  test('only then is the carrier of links asked for', () => {
    const settings = (text: string) => parseNetworkSettings(parseUsbkeyConfig(text).values)
    assert.equal(needsCarrier(settings('admin_nic=52:54:00:00:00:01'), [one, two]), false)
    assert.equal(needsCarrier(settings(gone), [one, two]), true)
    assert.equal(needsCarrier(settings(gone), [one]), false)
  })
})
