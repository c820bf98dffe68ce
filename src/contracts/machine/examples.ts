/** A payload for documents, hints and tests. The UUIDs stand for installed images and real owners. */
export interface PayloadExample {
  title: string
  mode: 'create' | 'update'
  payload: Record<string, unknown>
}

const image_uuid = '11111111-2222-4333-8444-555555555555'

export const payloadExamples: readonly PayloadExample[] = [
  { title: 'The least a container needs', mode: 'create', payload: { brand: 'lx', image_uuid } },
  {
    title: 'A container with an address, limits and labels',
    mode: 'create',
    payload: {
      brand: 'lx',
      image_uuid,
      alias: 'web01',
      hostname: 'web01',
      max_physical_memory: 512,
      cpu_cap: 150,
      quota: 20,
      nics: [{ nic_tag: 'internal', ips: ['10.88.0.5/24'], gateways: ['10.88.0.1'], primary: true }],
      resolvers: ['10.88.0.1'],
      customer_metadata: { 'root_authorized_keys': 'ssh-ed25519 AAAA… me@example.com', 'user-script': '#!/bin/sh\ntouch /ran\n' },
      tags: { role: 'web' },
    },
  },
  {
    title: 'Two networks, IPv4 and IPv6, in the old and the list form',
    mode: 'create',
    payload: {
      brand: 'joyent-minimal',
      image_uuid,
      alias: 'router',
      nics: [
        { nic_tag: 'internal', ip: '10.88.0.6', netmask: '255.255.255.0', gateway: '10.88.0.1' },
        { nic_tag: 'internal', vlan_id: 5, ips: ['fd00:5::6/64', 'dhcp'], gateways: ['fd00:5::1'], allowed_ips: ['fd00:5::99'] },
      ],
      routes: { '10.2.0.0/16': '10.88.0.254', 'fd00:6::/64': 'fd00:5::2', '10.3.0.0/16': 'nics[1]' },
    },
  },
  {
    title: 'A delegated dataset, a volume and a directory of the node',
    mode: 'create',
    payload: {
      brand: 'lx',
      image_uuid,
      delegate_dataset: true,
      filesystems: [
        { type: 'lofs', source: '/zones/shared', target: '/shared', options: ['ro'] },
        { type: 'lofs', source: 'create-volume', target: '/volume' },
      ],
    },
  },
  { title: 'More memory, no CPU cap', mode: 'update', payload: { max_physical_memory: 1024, cpu_cap: 0 } },
  { title: 'Labels merged and removed', mode: 'update', payload: { set_tags: { role: 'db', tier: 2 }, remove_tags: ['old'] } },
  { title: 'A nic added', mode: 'update', payload: { add_nics: [{ nic_tag: 'internal', ips: ['dhcp'] }] } },
  { title: 'A nic changed; its MAC names it', mode: 'update', payload: { update_nics: [{ mac: '02:08:20:1a:2b:3c', ips: ['10.88.0.7/24'], primary: true }] } },
]
