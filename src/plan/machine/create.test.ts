import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AppError } from '#contracts/errors.ts'
import { payloadExamples } from '#contracts/machine/examples.ts'
import { createAddressIndex } from './address-index.ts'
import { type CreateFacts, type CreatePlan, planCreate } from './create.ts'
import { factsForTests, imageForTests, imageUuid, now } from './facts-for-tests.ts'

const least = { brand: 'lx', image_uuid: imageUuid }

function plan(payload: Record<string, unknown>, facts: Partial<CreateFacts> = {}): CreatePlan {
  return planCreate({ ...least, ...payload }, factsForTests(facts))
}

function refusal(payload: Record<string, unknown>, facts: Partial<CreateFacts> = {}): AppError {
  try {
    planCreate(payload, factsForTests(facts))
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  assert.fail('the payload was accepted')
}

function refusalOf(extra: Record<string, unknown>, facts: Partial<CreateFacts> = {}): AppError {
  return refusal({ ...least, ...extra }, facts)
}

test('every default is filled in', () => {
  const { record, quota_gib, warnings, image } = plan({})
  const uuid = '00000000-0000-4000-8000-000000000001'
  const zero = '00000000-0000-0000-0000-000000000000'
  assert.deepEqual(record, {
    v: 1,
    uuid,
    zonename: uuid,
    brand: 'lx',
    hostname: uuid,
    dns_domain: 'local',
    image_uuid: imageUuid,
    owner_uuid: zero,
    billing_id: zero,
    autoboot: true,
    limit_priv: ['default'],
    mdata_exec_timeout: 300,
    max_physical_memory: 256,
    max_locked_memory: 256,
    max_swap: 256,
    tmpfs: 256,
    max_shm_memory: 256,
    cpu_shares: 100,
    zfs_io_priority: 100,
    max_lwps: 2000,
    max_msg_ids: 4096,
    max_sem_ids: 4096,
    max_shm_ids: 4096,
    zpool: 'zones',
    nics: [],
    resolvers: [],
    routes: {},
    firewall_enabled: false,
    customer_metadata: {},
    internal_metadata: {},
    tags: {},
    create_timestamp: now,
    last_modified: now,
    server_uuid: '99999999-9999-4999-8999-999999999999',
    internal: { uid_base: 1_000_000 },
  })
  assert.equal(quota_gib, 10)
  assert.deepEqual(warnings, [])
  assert.equal(image.manifest.uuid, imageUuid)
})

test('nics: names, MACs, primary, both forms of addresses', () => {
  const { record, warnings } = plan({
    nics: [
      { nic_tag: 'internal', ip: '10.0.0.2', netmask: '255.255.254.0', gateway: '10.0.0.1', model: 'virtio' },
      { nic_tag: 'jumbo', ips: ['FD00:0::1/64', 'dhcp', 'addrconf'], gateways: ['fd00::ff'], vlan_id: '7', primary: 'true', mtu: 9000, mac: '2:8:20:A:B:C' },
    ],
  })
  assert.deepEqual(record.nics, [
    {
      interface: 'eth0',
      mac: '02:08:20:00:00:02',
      nic_tag: 'internal',
      ips: ['10.0.0.2/23'],
      ip: '10.0.0.2',
      netmask: '255.255.254.0',
      gateways: ['10.0.0.1'],
      gateway: '10.0.0.1',
    },
    {
      interface: 'eth1',
      mac: '02:08:20:0a:0b:0c',
      nic_tag: 'jumbo',
      ips: ['fd00::1/64', 'dhcp', 'addrconf'],
      vlan_id: 7,
      mtu: 9000,
      ip: 'dhcp',
      gateways: ['fd00::ff'],
      primary: true,
    },
  ])
  assert.deepEqual(warnings, ['"model" is not a property of a nic of lx machines and is ignored.'])
  assert.equal(plan({ brand: 'joyent-minimal', nics: [{ nic_tag: 'internal' }] }).record.nics[0]?.interface, 'net0')
})

test('the vrrp nic’s MAC follows from its VRID', () => {
  const nics = [
    { nic_tag: 'internal', ips: ['10.0.0.2/24'] },
    { nic_tag: 'internal', ips: ['10.0.0.3/24'], vrrp_vrid: 17, vrrp_primary_ip: '10.0.0.2' },
  ]
  assert.equal(plan({ nics }).record.nics[1]?.mac, '00:00:5e:00:01:11')
  assert.match(refusalOf({ nics: [{ ...nics[1], vrrp_primary_ip: undefined }] }).message, /at least one nic without vrrp_vrid/)
  assert.match(refusalOf({ nics: [nics[0], { ...nics[1], mac: '02:08:20:0a:0b:0c' }] }).message, /cannot be given together with vrrp_vrid/)
  assert.match(refusalOf({ nics: [nics[0], { ...nics[1], vrrp_primary_ip: '10.0.0.9' }] }).message, /not a static address of another nic/)
})

test('all mistakes are told at once, in SmartOS’s form and with reasons', () => {
  const error = refusal({
    brand: 'lx',
    quota: 'much',
    cpu_shares: 0,
    tags: { a: { b: 1 } },
    nics: [{ nic_tag: 'internal', vlan_id: 5000, ip: '10.0.0.1' }, { ips: ['10.0.0.0/24'] }],
  })
  assert.equal(error.code, 'InvalidPayload')
  assert.deepEqual(
    error.details?.map((detail) => detail.path),
    ['quota', 'cpu_shares', 'tags.a', 'nics.0.vlan_id', 'image_uuid', 'nics.0.netmask', 'nics.1.ips.0', 'nics.1.nic_tag', 'nics.1.nic_tag'].slice(
      0,
      error.details?.length,
    ),
  )
  assert.match(
    error.message,
    /^Invalid value\(s\) for: quota,cpu_shares,tags\.a,nics\.0\.vlan_id,nics\.1\.ips\.0,nics\.1\.nic_tag\. Missing required properties: image_uuid,nics\.0\.netmask\. /,
  )
  assert.match(error.message, /quota must be a whole number from 0 to 1048576, but is "much"\./)
  assert.match(error.message, /tags\.a must be a string, number or boolean, but is an object\./)
  assert.match(error.message, /invalid or missing \.nic_tag option for NIC\./)
})

test('brands', () => {
  for (const brand of ['kvm', 'bhyve', 'joyent']) assert.equal(refusalOf({ brand }).code, 'BrandUnsupported', brand)
  for (const brand of ['lx', 'joyent-minimal', 'builder']) assert.equal(plan({ brand }).record.brand, brand)
  assert.match(refusalOf({ brand: 'joyent' }).message, /use the programs of the platform, and this node runs from none/)
  assert.match(refusalOf({ brand: 'xen' }).message, /^Invalid brand while validating payload: "xen"/)
  assert.match(refusal({ image_uuid: imageUuid }).message, /^Missing required properties: brand\./)
  assert.equal(plan({ kernel_version: '4.3.0' }).record.kernel_version, '4.3.0')
})

test('sparse images are for brand joyent, on a node that has a platform', () => {
  const illumos = { readImage: () => imageForTests({ type: 'zone-dataset', os: 'smartos' }) }
  const sparse = { readImage: () => imageForTests({ type: 'zone-dataset' }) }
  const platform = true
  for (const brand of ['joyent', 'joyent-minimal', 'builder']) assert.equal(plan({ brand, image_uuid: imageUuid }, { ...sparse, platform }).record.brand, brand)
  assert.match(
    refusal({ brand: 'joyent', image_uuid: imageUuid }, { platform }).message,
    /is of type lx-dataset, but the root of a joyent zone needs type zone-dataset/,
  )
  assert.match(refusal({ brand: 'lx', image_uuid: imageUuid }, { ...sparse, platform }).message, /has no \/usr of its own/)
  assert.match(refusal({ brand: 'joyent', image_uuid: imageUuid }, { ...illumos, platform }).message, /holds illumos programs/)
  assert.match(refusal({ brand: 'builder', image_uuid: imageUuid }, sparse).message, /this node runs from none/)
})

test('unknown and foreign properties are named; unknown ones are errors when strict', () => {
  const payload = { qouta: 5, vcpus: 2, state: 'running', nics: [{ nic_tag: 'internal', ipps: ['dhcp'] }] }
  assert.deepEqual(plan(payload).warnings, [
    '"qouta" is not a property of a machine and is ignored; did you mean "quota"?',
    '"vcpus" is not a property of lx machines and is ignored.',
    '"state" cannot be set and is ignored.',
    '"ipps" is not a property of a nic and is ignored; did you mean "ips"?',
  ])
  const error = refusalOf(payload, { strict: true })
  assert.equal(error.code, 'UnknownProperty')
  assert.deepEqual(
    error.details?.map((detail) => detail.path),
    ['qouta', 'nics.0.ipps'],
  )
  assert.match(error.message, /^"qouta" is not a property of a machine; did you mean "quota"\?/)
  assert.deepEqual(plan(JSON.parse('{"__proto__": {"quota": 1}, "constructor": 1}') as Record<string, unknown>).quota_gib, 10)
})

test('images', () => {
  assert.equal(refusalOf({ image_uuid: imageUuid.replace('1', '2') }).code, 'ImageNotFound')
  const withImage = (manifest: Parameters<typeof imageForTests>[0]): AppError => refusalOf({}, { readImage: () => imageForTests(manifest) })
  assert.match(withImage({ type: 'zone-dataset', os: 'smartos' }).message, /illumos programs/)
  assert.match(withImage({ type: 'zvol' }).message, /disk of a virtual machine/)
  assert.match(withImage({ requirements: { min_ram: 512 } }).message, /at least 512 MiB/)
  assert.match(withImage({ requirements: { max_ram: 128 } }).message, /at most 128 MiB/)
  assert.match(withImage({ requirements: { brand: 'joyent-minimal' } }).message, /joyent-minimal machines only/)
  const old = plan({ image_uuid: undefined, dataset_uuid: imageUuid })
  assert.equal(old.record.image_uuid, imageUuid)
  assert.deepEqual(old.warnings, ['"dataset_uuid" is deprecated; use "image_uuid".'])
})

test('memory', () => {
  const { record } = plan({ ram: '1024' })
  assert.deepEqual([record.max_physical_memory, record.max_locked_memory, record.max_swap, record.tmpfs], [1024, 1024, 1024, 1024])
  assert.equal(plan({ max_physical_memory: 64 }).record.max_swap, 256)
  const capped = plan({ max_physical_memory: 128, tmpfs: 512, max_locked_memory: 512 })
  assert.deepEqual([capped.record.tmpfs, capped.record.max_locked_memory, capped.warnings.length], [128, 128, 2])
  assert.match(refusalOf({ max_physical_memory: 1024, max_swap: 512 }).message, /max_swap must be >= max_physical_memory/)
  assert.equal(plan({ cpu_cap: 0 }).record.cpu_cap, undefined)
  assert.equal(plan({ quota: 0 }).quota_gib, null)
})

test('conflicts with other machines and inside the payload', () => {
  const conflicts = createAddressIndex()
  const other = plan({
    uuid: 'aaaaaaaa-0000-4000-8000-000000000000',
    nics: [{ nic_tag: 'internal', mac: '02:08:20:00:00:aa', ips: ['10.0.0.2/24', 'fd00::2/64'] }],
  }).record
  conflicts.add(other)
  for (const nic of [{ ips: ['10.0.0.2/16'] }, { ips: ['fd00:0:0::2/64'] }, { mac: '02:08:20:00:00:AA' }]) {
    const error = refusalOf({ nics: [{ nic_tag: 'internal', ...nic }] }, { conflicts })
    assert.equal(error.code, 'AddressConflict')
    assert.match(error.message, /^Conflict detected with another vm, please check the MAC, IP, and VRID: /)
    assert.ok(error.message.includes(other.uuid))
  }
  assert.ok(plan({ nics: [{ nic_tag: 'internal', vlan_id: 3, ips: ['10.0.0.2/24'] }] }, { conflicts }))
  conflicts.add({ ...other, internal: { ...other.internal, failed: 'no' } })
  assert.ok(plan({ nics: [{ nic_tag: 'internal', ips: ['10.0.0.2/24'] }] }, { conflicts }), 'failed machines hold nothing')
  const twice = (nic: Record<string, unknown>): string =>
    refusalOf({
      nics: [
        { nic_tag: 'internal', ...nic },
        { nic_tag: 'internal', ...nic },
      ],
    }).message
  assert.match(twice({ mac: '02:08:20:00:00:aa' }), /Cannot add multiple NICs with the same MAC: 02:08:20:00:00:aa/)
  assert.match(twice({ ips: ['10.0.0.2/24'] }), /Cannot add multiple NICs with the same IP: 10\.0\.0\.2/)
  assert.match(twice({ primary: true }), /payload specifies more than 1 primary NIC/)
})

test('a drawn MAC that is taken is drawn again', () => {
  const conflicts = createAddressIndex()
  conflicts.add(plan({ uuid: 'aaaaaaaa-0000-4000-8000-000000000000', nics: [{ nic_tag: 'internal', mac: '02:08:20:00:00:02' }] }).record)
  assert.equal(plan({ nics: [{ nic_tag: 'internal' }] }, { conflicts }).record.nics[0]?.mac, '02:08:20:00:00:03')
  assert.equal(refusalOf({ nics: [{ nic_tag: 'internal' }] }, { conflicts, newMac: () => '02:08:20:00:00:02' }).code, 'Internal')
})

test('limits and values of nics', () => {
  const nic = (extra: Record<string, unknown>): AppError => refusalOf({ nics: [{ nic_tag: 'internal', ...extra }] })
  assert.equal(nic({ nic_tag: 'nowhere' }).code, 'NicTagNotFound')
  assert.match(nic({ nic_tag: 'nowhere' }).message, /Invalid nic tag "nowhere"/)
  assert.match(nic({ mtu: 9000 }).message, /above the 1500 of nic tag internal/)
  assert.match(nic({ primary: false }).message, /invalid value for NIC's primary flag: false \(must be true\)/)
  assert.match(nic({ ips: Array.from({ length: 21 }, (_, i) => `10.0.0.${i + 1}/24`) }).message, /contains 21 addresses, but is limited to 20/)
  assert.match(nic({ allowed_ips: Array.from({ length: 14 }, (_, i) => `10.0.0.${i + 1}`) }).message, /Maximum of 13 allowed_ips per nic/)
  assert.match(nic({ allowed_dhcp_cids: ['0x012'] }).message, /even number of hex digits/)
  assert.match(nic({ mac: '01:00:5e:00:00:01' }).message, /multicast/)
  for (const ip of ['10.0.0.255/24', '127.0.0.1/8', '224.0.0.1/4', '10.0.0.1', '10.0.0.1/33', 'ff02::1/64'])
    assert.equal(nic({ ips: [ip] }).code, 'InvalidPayload', ip)
  const many = [1, 2].map((subnet) => ({ nic_tag: 'internal', ips: Array.from({ length: 17 }, (_, i) => `10.0.${subnet}.${i + 1}/24`) }))
  assert.match(refusalOf({ nics: many }).message, /34 addresses together, but are limited to 32/)
  assert.deepEqual(plan({ nics: [{ nic_tag: 'internal', ips: ['10.0.0.2/24'], gateway: '10.1.0.1' }] }).warnings, [
    'nics.0: the gateway 10.1.0.1 is in no subnet of the nic’s addresses.',
  ])
})

test('routes', () => {
  const nics = [{ nic_tag: 'internal', mac: '02:08:20:00:00:aa', ips: ['10.0.0.2/24', 'fd00::2/64'] }]
  const routes = { '10.5.0.0/16': '10.0.0.1', '10.6.0.1': 'nics[0]', 'fd01::/64': 'fd00::1', '10.7.0.0/16': 'macs[02:08:20:00:00:AA]' }
  const planned = plan({ nics, routes })
  assert.deepEqual([planned.record.routes, planned.warnings], [routes, []])
  for (const bad of [
    { x: '10.0.0.1' },
    { '10.5.0.0/16': 'fd00::1' },
    { '10.5.0.0/16': 'nics[1]' },
    { '10.5.0.0/16': 'macs[02:08:20:00:00:ab]' },
    { '10.5.0.0/16': 'eth0' },
    { '10.5.0.0/16': 5 },
  ]) {
    assert.equal(refusalOf({ nics, routes: bad }).code, 'InvalidPayload', JSON.stringify(bad))
  }
})

test('file systems', () => {
  const planned = plan({
    filesystems: [
      { type: 'lofs', source: 'create-volume', target: '/v' },
      { type: 'lofs', source: '/zones/x', target: '/x', options: ['ro'] },
    ],
  })
  assert.match(planned.record.filesystems?.[0]?.source ?? '', /^[0-9a-f-]{36}$/)
  assert.deepEqual(planned.record.filesystems?.[1], { type: 'lofs', source: '/zones/x', target: '/x', options: ['ro'] })
  for (const bad of [
    { type: 'lofs', source: '../x', target: '/x' },
    { type: 'lofs', source: '/x', target: '/a/../b' },
    { type: 'lofs', source: '/x' },
    { type: 'nfs', source: 'https://x', target: '/x' },
  ]) {
    assert.equal(refusalOf({ filesystems: [bad] }).code, 'InvalidPayload', JSON.stringify(bad))
  }
})

test('other refusals', () => {
  assert.equal(refusalOf({ uuid: imageUuid }, { exists: () => true }).code, 'MachineExists')
  assert.match(refusalOf({ zpool: 'tank' }).message, /zpool must be "zones"/)
  assert.match(refusalOf({ indestructible_delegated: true }).message, /needs delegate_dataset/)
  assert.match(refusalOf({ nics: { nic_tag: 'internal' } }).message, /nics must be an array\./)
  assert.match(refusalOf({ nics: ['x'] }).message, /nics\.0 must be an object/)
  assert.match(refusalOf({ hostname: '-x', alias: 'a\nb', resolvers: ['8.8.8'] }).message, /^Invalid value\(s\) for: hostname,alias,resolvers\.0\./)
})

test('the examples are accepted without a warning', () => {
  for (const { title, mode, payload } of payloadExamples) if (mode === 'create') assert.deepEqual(planCreate(payload, factsForTests()).warnings, [], title)
})

test('whatever is given, there is a plan or an AppError', () => {
  const payload = fc.dictionary(
    fc.constantFrom('nics', 'quota', 'tags', 'ram', 'routes', 'resolvers', 'filesystems', 'alias', 'autoboot', '__proto__'),
    fc.jsonValue({ maxDepth: 3 }),
    { maxKeys: 3 },
  )
  fc.assert(
    fc.property(payload, (extra) => {
      try {
        plan(extra)
      } catch (error) {
        assert.ok(error instanceof AppError && error.code !== 'Internal', String(error))
      }
    }),
    { numRuns: 400 },
  )
})

test('a planned machine has exactly one primary nic, and planning what was planned gives the same nics', () => {
  const address = fc.oneof(
    fc.constantFrom('dhcp', 'addrconf'),
    fc.integer({ min: 1, max: 254 }).map((host) => `10.0.0.${host}/24`),
    fc.integer({ min: 1, max: 9999 }).map((host) => `fd00::${host}/64`),
  )
  const nic = fc.record(
    {
      nic_tag: fc.constantFrom('internal', 'jumbo'),
      ips: fc.uniqueArray(address, { maxLength: 3 }),
      vlan_id: fc.integer({ min: 0, max: 3 }),
      gateway: fc.ipV4(),
    },
    { requiredKeys: ['nic_tag'] },
  )
  let planned = 0
  fc.assert(
    fc.property(fc.array(nic, { maxLength: 4 }), fc.nat(3), (nics, primary) => {
      const first = nics[primary]
      try {
        const { record } = plan({ nics: nics.map((one) => (one === first ? { ...one, primary: true } : one)) })
        planned++
        assert.equal(record.nics.filter((one) => one.primary === true).length, Math.min(1, record.nics.length))
        assert.deepEqual(plan({ nics: record.nics }).record.nics, record.nics)
      } catch (error) {
        assert.ok(error instanceof AppError && /same IP/.test(error.message), String(error))
      }
    }),
    { numRuns: 200 },
  )
  assert.ok(planned > 100, `${planned} plans`)
})
