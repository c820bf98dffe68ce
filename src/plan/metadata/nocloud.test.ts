import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderNetworkConfig, renderNoCloudSeed } from './nocloud.ts'
import { createRecord } from './record.fixture.ts'

test('meta-data: id, full name, keys without comments', () => {
  const seed = renderNoCloudSeed(createRecord({ customer_metadata: { root_authorized_keys: '# me\nssh-rsa A\n\n  ssh-rsa B  \n' } }))
  assert.deepEqual(JSON.parse(seed['meta-data']), {
    'instance-id': '0f2e6a8e-7d0c-4f0f-9b7a-2f5d6f6c0a11',
    'local-hostname': 'web01.example.org',
    'public-keys': ['ssh-rsa A', 'ssh-rsa B'],
    'availability-zone': 'lab',
  })
  const plain = renderNoCloudSeed(createRecord({ dns_domain: '' }))
  assert.equal(JSON.parse(plain['meta-data'])['local-hostname'], 'web01')
})

test('user-data and vendor-data: as given, the older name second, else empty and ours', () => {
  const none = renderNoCloudSeed(createRecord())
  assert.equal(none['user-data'], '')
  assert.match(none['vendor-data'], /^#cloud-config\n\{\n {2}"disable_root": false\n\}\n$/)
  assert.equal(renderNoCloudSeed(createRecord({ customer_metadata: { 'user-data': 'old' } }))['user-data'], 'old')
  const given = renderNoCloudSeed(
    createRecord({ customer_metadata: { 'user-data': 'old', 'cloud-init:user-data': 'new', 'cloud-init:vendor-data': 'v', 'cloud-init:network-config': 'n' } }),
  )
  assert.deepEqual([given['user-data'], given['vendor-data'], given['network-config']], ['new', 'v', 'n'])
})

test('network: by MAC, default route and resolvers on the primary nic only', () => {
  const record = createRecord({
    nics: [
      { interface: 'eth0', mac: '02:00:00:00:00:0A', nic_tag: 'ext', ips: ['dhcp', 'addrconf'], gateways: ['192.0.2.1'] },
      { interface: 'eth1', mac: '02:00:00:00:00:0b', nic_tag: 'int', ips: ['10.0.0.2/24', 'fd00::2/64'], gateway: '10.0.0.1', primary: true, mtu: 9000 },
    ],
    routes: { '192.168.0.0/16': '10.0.0.9', '203.0.113.7': '10.0.0.8', 'fd01::/64': 'fd00::1', '10.9.0.0/16': 'nics[0]' },
  })
  assert.deepEqual(renderNetworkConfig(record), {
    version: 2,
    ethernets: {
      eth0: { 'match': { macaddress: '02:00:00:00:00:0a' }, 'set-name': 'eth0', 'dhcp4': true, 'dhcp6': true, 'accept-ra': true },
      eth1: {
        'match': { macaddress: '02:00:00:00:00:0b' },
        'set-name': 'eth1',
        'dhcp4': false,
        'dhcp6': false,
        'addresses': ['10.0.0.2/24', 'fd00::2/64'],
        'routes': [
          { to: '0.0.0.0/0', via: '10.0.0.1' },
          { to: '192.168.0.0/16', via: '10.0.0.9' },
          { to: '203.0.113.7/32', via: '10.0.0.8' },
          { to: 'fd01::/64', via: 'fd00::1' },
        ],
        'nameservers': { addresses: ['10.0.0.53', 'fd00::53'], search: ['example.org'] },
        'mtu': 9000,
      },
    },
  })
  assert.deepEqual(renderNetworkConfig(createRecord()), { version: 2, ethernets: {} })
})
