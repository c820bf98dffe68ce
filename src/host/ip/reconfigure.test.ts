import assert from 'node:assert/strict'
import { test } from 'node:test'
import { suiteNic } from '../network.suite.ts'
import { renderHostBatch, renderVlanBatch, renderZoneBatch } from './argv.ts'
import { parseLease, usernsOf } from './dhcp.ts'
import { parseLinks } from './parse.ts'
import { renderChanges } from './reconfigure.ts'

const link = (...addresses: [string, number, string?][]): ReturnType<typeof parseLinks>[0] => ({
  ifname: 'net0',
  mtu: 1500,
  link_type: 'ether',
  flags: ['UP'],
  addr_info: addresses.map(([local, prefixlen, label]) => ({ local, prefixlen, scope: 'global', ...(label === undefined ? {} : { label }) })),
})

test('nothing is changed when all is as planned; a leased address stays', () => {
  assert.equal(renderChanges({ nics: [suiteNic(2)], routes: [] }, [link(['10.77.0.2', 24], ['fd77::2', 64], ['10.77.0.9', 24, 'net0:dhcp'])], []), '')
})

test('a wrong address goes, all others are set again after it', () => {
  const text = renderChanges({ nics: [suiteNic(2)], routes: [] }, [link(['10.77.0.9', 24], ['fd77::2', 64])], [])
  assert.equal(text, 'address del 10.77.0.9/24 dev net0\naddress replace 10.77.0.2/24 dev net0 broadcast +\naddress replace fd77::2/64 dev net0 nodad\n')
})

test('only stale static routes go', () => {
  const nic = suiteNic(2, { gateways: ['10.77.0.1'] })
  const now = [
    { dst: 'default', gateway: '10.77.0.1', dev: 'net0', protocol: 'static' },
    { dst: '10.9.0.0/16', gateway: '10.77.0.7', dev: 'net0', protocol: 'static' },
  ]
  const text = renderChanges({ nics: [nic], routes: [] }, [link(['10.77.0.2', 24], ['fd77::2', 64])], now)
  assert.equal(text, 'route del 10.9.0.0/16 via 10.77.0.7 dev net0 proto static\nroute replace 0.0.0.0/0 via 10.77.0.1 dev net0 proto static metric 0 onlink\n')
})

test('batches for the zone, the host and a VLAN', () => {
  const nic = suiteNic(2, { gateways: ['fd77::1'], vlan_id: 7 })
  assert.equal(renderZoneBatch([nic], [], 1).split('\n')[1], 'link add name net0 address 02:08:20:00:00:02 mtu 1500 type veth peer name z2n0 mtu 1500 netns 1')
  assert.match(renderZoneBatch([nic], [], 1), /route replace ::\/0 via fd77::1 dev net0 proto static metric 1024 onlink/)
  assert.match(renderHostBatch([nic]), /link set dev z2n0 up\n$/)
  assert.equal(renderVlanBatch(nic, ['eth0']), 'vlan del dev z2n0 vid 1\nvlan add dev z2n0 vid 7 pvid untagged\nvlan add dev eth0 vid 7\n')
  assert.throws(() => renderZoneBatch([suiteNic(2, { interface: 'net0\nlink' })], [], 1))
})

test('leases: the last one counts, words that are no addresses are dropped', () => {
  assert.deepEqual(parseLease('bound 10.0.0.5|10.0.0.1|10.0.0.2 evil;rm 10.0.0.3\nlost\n'), {
    ip: '10.0.0.5',
    routers: ['10.0.0.1'],
    resolvers: ['10.0.0.2', '10.0.0.3'],
  })
  assert.equal(parseLease('lost\n'), null)
})

test('what ip and nft print is parsed; filtered entries are skipped', () => {
  assert.deepEqual(
    parseLinks('[{},{"ifname":"lo","mtu":1,"link_type":"loopback","flags":[]}]').map((one) => one.ifname),
    ['lo'],
  )
  assert.throws(() => parseLinks('{"a":1}'))
})

test('the user namespace of a zone: by its keeper, else beside the netns', () => {
  assert.equal(usernsOf('/proc/42/ns/net'), '/proc/42/fd/10')
  assert.equal(usernsOf('/run/zone/net'), '/run/zone/user')
})
