import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { command } from '../bench/command.ts'
import { assertRefused, assertSaid, type Cli, openCli } from '../harness/cli.ts'
import { payload } from '../harness/machines.ts'
import { startTestNode, testImage, type TestNode } from '../harness/test-node.ts'
import { readPoolKind } from '../harness/test-pool.ts'

// Properties as they are made, shown, changed, and felt in the zone; listing and finding by them.
let node: TestNode
let cli: Cli
before(async () => {
  node = await startTestNode()
  cli = openCli(node)
  assert.deepEqual(await cli.run(['nictagadm', 'add', '-l', 'test0']), { code: 0, stdout: '', stderr: '' })
})
after(async () => await node?.dispose())

async function remove(uuid: string): Promise<void> {
  assertSaid(await cli.vmadm('delete', uuid), `Successfully deleted VM ${uuid}`)
}

async function update(uuid: string, change: string | object): Promise<void> {
  const outcome = typeof change === 'string' ? await cli.vmadm('update', uuid, ...change.split(' ')) : await cli.feed(change, 'update', uuid)
  assertSaid(outcome, `Successfully updated VM ${uuid}`)
}

const zero = '00000000-0000-0000-0000-000000000000'

test('get shows every default of an OS machine', async () => {
  const uuid = await cli.create({ brand: 'joyent-minimal', image_uuid: testImage, autoboot: true })
  const { pid, zoneid, boot_timestamp, create_timestamp, last_modified, server_uuid, ...rest } = await cli.get(uuid)
  assert.deepEqual(rest, {
    v: 1,
    uuid,
    zonename: uuid,
    hostname: uuid,
    dns_domain: 'local',
    brand: 'joyent-minimal',
    type: 'OS',
    hvm: false,
    state: 'running',
    zone_state: 'running',
    image_uuid: testImage,
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
    zpool: node.poolName,
    nics: [],
    resolvers: [],
    routes: {},
    firewall_enabled: false,
    customer_metadata: {},
    internal_metadata: {},
    tags: {},
    quota: 10,
    zonepath: join(node.pool, uuid),
    zfs_filesystem: `${node.poolName}/${uuid}`,
    snapshots: [],
  })
  assert.ok(Number(pid) > 1 && Number(zoneid) > 0)
  for (const time of [boot_timestamp, create_timestamp, last_modified]) assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  assert.match(String(server_uuid), /^[0-9a-f-]{36}$/)
  assert.equal(await cli.inside(uuid, 'hostname'), uuid)
  await remove(uuid)
})

test('a payload comes by -f, by -f - and by standard input; -n shows the steps and does nothing', async () => {
  const file = join(node.directory, 'payload.json')
  await writeFile(file, JSON.stringify(payload({ alias: 'by-file', autoboot: false })))
  for (const [stdin, ...words] of [['', '-f', file], [payload({ autoboot: false }), '-f', '-'], [payload({ autoboot: false })]] as [
    string | object,
    ...string[],
  ][]) {
    const outcome = await cli.feed(stdin, 'create', ...words)
    assert.match(outcome.stderr, /^Successfully created VM \S{36}\n$/)
    await remove(outcome.stderr.trim().slice(-36))
  }
  const dry = await cli.feed('', 'create', '-n', '-f', file)
  assert.deepEqual([dry.code, dry.stderr], [0, ''])
  assert.match(dry.stdout, /^1\. dataset\.clone .*\n2\. guest\.prepare .*\n3\. record\.write/)
  assert.equal((await cli.vmadm('list', '-H')).stdout, '')
})

test('list and lookup: columns, -p -H -o -s, filters, nested fields, -1, -j', async () => {
  const big = await cli.create(
    payload({ alias: 'Web01', max_physical_memory: 128, autoboot: false, tags: { role: 'web', n: 3 }, customer_metadata: { 'k.x': 'v' } }),
  )
  const nics = [
    { nic_tag: 'test0', ips: ['10.77.0.9/24'], mac: '02:08:20:aa:bb:0c' },
    { nic_tag: 'test0', ips: ['dhcp'] },
  ]
  const small = await cli.create(payload({ alias: 'db', max_physical_memory: 64, autoboot: false, nics, quota: 3 }))
  const out = async (...words: string[]): Promise<string> => {
    const outcome = await cli.vmadm(...words)
    assert.deepEqual([outcome.code, outcome.stderr], [0, ''], words.join(' '))
    return outcome.stdout
  }
  const header = 'UUID                                  TYPE  RAM      STATE             ALIAS\n'
  assert.equal(await out('list'), `${header}${small}  LX    64       stopped           db\n${big}  LX    128      stopped           Web01\n`)
  assert.equal(await out('list', '-s', '-ram', '-H'), `${big}  LX    128      stopped           Web01\n${small}  LX    64       stopped           db\n`)
  assert.equal(
    await out('list', '-Hpo', 'alias,quota,nics.0.ip,nics.1.ip,tags.role,customer_metadata.k.x', '-s', 'alias'),
    `Web01:1:${await firstIp(big)}::web:v\ndb:3:10.77.0.9:dhcp::\n`,
  )
  assert.equal(await out('list', '-o', 'alias,max_physical_memory,cpu_cap', 'alias=db'), 'ALIAS       MAX_PHYS  CPU_CAP\ndb          64        -\n')
  assert.equal(await out('lookup', 'alias=~^wEB'), `${big}\n`)
  assert.equal(await out('lookup', 'nics.*.ip=10.77.0.9'), `${small}\n`)
  assert.equal(await out('lookup', 'nics.*.mac=2:8:20:AA:BB:C'), `${small}\n`)
  assert.equal(await out('lookup', 'tags.n=3', 'state=stopped'), `${big}\n`)
  assert.equal(await out('lookup', 'quota=3'), `${small}\n`)
  assert.equal(await out('lookup', 'ram=128'), `${big}\n`)
  assert.equal(await out('lookup', 'state=running'), '')
  assert.equal(await out('lookup', '-1', 'alias=db'), `${small}\n`)
  assertRefused(await cli.vmadm('lookup', '-1', 'state=stopped'), 'Requested unique lookup but found 2 results.')
  assert.deepEqual(JSON.parse(await out('lookup', '-j', '-o', 'uuid,alias', 'alias=db')), [{ uuid: small, alias: 'db' }])
  assert.deepEqual(JSON.parse(await out('lookup', '-j', 'alias=db')), [await cli.get(small)])
  assertRefused(await cli.vmadm('lookup', '-o', 'uuid'), 'Cannot specify -o without -j', 2)
  assertRefused(await cli.vmadm('list', 'nope=1'), 'Invalid filter key: "nope"', 2)
  assertRefused(await cli.vmadm('lookup', 'nope=1'), 'Invalid lookup key: "nope"', 2)
  assertRefused(await cli.vmadm('list', '-o', 'nope'), 'invalid order field: nope', 2)
  assertRefused(await cli.vmadm('list', '-s', 'nope'), 'invalid sort field: nope', 2)
  assertRefused(await cli.vmadm('list', 'alias=~['), /not a regular expression/, 2)
  assert.equal(await cli.get('web01').catch(() => null), null, 'an alias is taken exactly')
  assert.equal((await cli.get('Web01')).uuid, big)
  assert.equal((await cli.get(big.slice(0, 13))).uuid, big)
  await remove(big)
  await remove(small)
})

async function firstIp(uuid: string): Promise<string> {
  return String((await cli.get(uuid)).nics[0]!['ip'])
}

test('an alias or a prefix of several machines is refused and both are named', async () => {
  const [one, two] = ['aaaa1111-0000-4000-8000-000000000001', 'aaaa1111-0000-4000-8000-000000000002']
  for (const uuid of [one, two]) assert.equal(await cli.create(payload({ uuid, alias: 'twin', autoboot: false })), uuid)
  for (const name of ['twin', 'aaaa1111']) {
    const outcome = await cli.vmadm('get', name)
    assertRefused(outcome, new RegExp(`^[^\\n]*${name}[^\\n]*`))
    assert.ok(outcome.stderr.includes(one) && outcome.stderr.includes(two), outcome.stderr)
  }
  await remove(one)
  assert.equal((await cli.get('twin')).uuid, two)
  await remove(two)
})

test('memory: the limit acts, is seen inside, follows an update', async () => {
  const uuid = await cli.create(payload({ max_physical_memory: 64, tmpfs: 32 }))
  const total = async (): Promise<string> => await cli.inside(uuid, `awk '/MemTotal/{print $2/1024}' /proc/meminfo; df -m /tmp | awk 'NR==2{print $2}'`)
  assert.equal(await total(), '64\n32')
  const hog = await cli.run(['zlogin', uuid, 'mount -o remount,size=500m /tmp; head -c 300m /dev/zero > /tmp/fill && echo survived; rm -f /tmp/fill'])
  assert.doesNotMatch(hog.stdout, /^survived$/m, 'more than memory and swap together')
  await update(uuid, { max_physical_memory: 128 })
  const machine = await cli.get(uuid)
  assert.deepEqual(
    ['max_physical_memory', 'max_locked_memory', 'max_swap', 'tmpfs', 'max_shm_memory'].map((name) => machine[name]),
    [128, 128, 320, 64, 64],
    'the old differences and ratio are kept',
  )
  assert.equal(await total(), '128\n64')
  await update(uuid, 'ram=96 tmpfs=16')
  assert.equal(await total(), '96\n16')
  assertRefused(await cli.vmadm('update', uuid, 'max_swap=300', 'max_physical_memory=512'), /max_swap must be >= max_physical_memory/)
  assert.equal((await cli.get(uuid))['max_physical_memory'], 96)
  await remove(uuid)
})

test('max_lwps: a fork bomb of 50 stops at 40; raised live', async () => {
  const uuid = await cli.create(payload({ max_lwps: 40 }))
  const bomb = 'i=0; while [ $i -lt 50 ]; do sleep 5 & i=$((i+1)); done; ls /proc | grep -c "^[0-9]"'
  const outcome = await cli.run(['zlogin', uuid, bomb])
  assert.match(outcome.stderr + outcome.stdout, /can't fork/)
  assert.equal((await cli.get(uuid))['state'], 'running')
  await cli.run(['vmadm', 'reboot', '-F', uuid])
  await update(uuid, 'max_lwps=200')
  const free = await cli.run(['zlogin', uuid, bomb])
  assert.equal(free.code, 0, free.stderr)
  assert.ok(Number(free.stdout) > 50, free.stdout)
  await remove(uuid)
})

/** A cgroup file of the zone, on whichever hierarchy has it. */
async function group(uuid: string, ...names: string[]): Promise<string> {
  for (const root of [
    '/sys/fs/cgroup',
    '/sys/fs/cgroup/unified',
    ...['memory', 'cpu', 'cpu,cpuacct', 'pids', 'blkio'].map((name) => `/sys/fs/cgroup/${name}`),
  ]) {
    for (const name of names) {
      const text = await readFile(join(root, node.cgroupParent, uuid, name), 'utf8').catch(() => null)
      if (text !== null) return text.trim()
    }
  }
  throw new Error(`no ${names.join()} for ${uuid}`)
}

test('cpu_cap holds the zone back, 0 removes it; cpu_shares', async () => {
  const uuid = await cli.create(payload({ cpu_cap: 20, cpu_shares: 200 }))
  const work = async (): Promise<number> =>
    Number(await cli.inside(uuid, `n=0; end=$(($(date +%s)+2)); (while :; do :; done) & p=$!; sleep 1.5; awk '{print $14}' /proc/$p/stat; kill $p`))
  const capped = await work()
  assert.ok(capped <= 50, `${capped} ticks of 150 under a cap of 20 %`)
  const shares = await group(uuid, 'cpu.weight', 'cpu.shares')
  await update(uuid, 'cpu_cap=0 cpu_shares=400')
  assert.equal((await cli.get(uuid))['cpu_cap'], undefined)
  assert.match(await group(uuid, 'cpu.max', 'cpu.cfs_quota_us'), /^(max|-1)/)
  assert.ok(Number(await group(uuid, 'cpu.weight', 'cpu.shares')) > Number(shares))
  assert.ok((await work()) > capped * 1.5)
  await remove(uuid)
})

test('quota: writing past it fails, raised live, 0 is none; counted with what is on the pool', async () => {
  const uuid = await cli.create(payload({ quota: 1 }))
  const fill = async (mib: number): Promise<number | null> =>
    (await cli.run(['zlogin', uuid, `dd if=/dev/urandom of=/root/fill bs=1M count=${mib} 2>&1; s=$?; sync; exit $s`])).code
  assert.notEqual(await fill(1100), 0, 'more than 1 GiB')
  await update(uuid, 'quota=2')
  assert.equal((await cli.get(uuid))['quota'], 2)
  assert.equal(await fill(1100), 0, 'within 2 GiB')
  await update(uuid, 'quota=0')
  assert.equal((await cli.get(uuid))['quota'], undefined)
  await remove(uuid)
})

test('compression of the root and of the delegated data, and back', async () => {
  const uuid = await cli.create(payload({ autoboot: false, delegate_dataset: true, zfs_root_compression: 'gzip' }))
  const data = `${uuid}/data`
  assert.match(await readCompression(uuid), /^(zlib|gzip)$/)
  // On ZFS a dataset has what the one above it has, until it is told otherwise.
  assert.match(await readCompression(data), readPoolKind() === 'zfs' ? /^gzip$/ : /^$/)
  await update(uuid, { zfs_root_compression: '', zfs_data_compression: 'lz4' })
  assert.deepEqual([(await cli.get(uuid))['zfs_root_compression'], (await cli.get(uuid))['zfs_data_compression']], [undefined, 'lz4'])
  assert.match(await readCompression(uuid), /^(|off|none)$/)
  assert.match(await readCompression(data), readPoolKind() === 'zfs' ? /^lz4$/ : /^(lzo|zstd)$/)
  await remove(uuid)
})

/** As the file system has it. */
async function readCompression(dataset: string): Promise<string> {
  if (readPoolKind() === 'zfs') return (await command(['zfs', 'get', '-H', '-o', 'value', 'compression', `${node.poolName}/${dataset}`])).trim()
  const path = dataset.includes('/') ? `.spirula/datasets/${dataset}/.fs` : dataset
  return (await command(['btrfs', 'property', 'get', '-t', 'inode', join(node.pool, path), 'compression'])).trim().replace('compression=', '')
}

test('filesystems: a directory of the node, read only or not; a volume of its own; changed for the next boot', async () => {
  const shared = join(node.directory, 'shared')
  await mkdir(shared, { recursive: true })
  await writeFile(join(shared, 'hello'), 'from the node\n')
  const filesystems = [
    { type: 'lofs', source: shared, target: '/shared', options: ['ro'] },
    { type: 'zfs', source: 'create-volume', target: '/volume' },
  ]
  const uuid = await cli.create(payload({ filesystems }))
  assert.equal(await cli.inside(uuid, 'cat /shared/hello; touch /shared/x 2>&1 | grep -c Read-only; echo kept > /volume/file'), 'from the node\n1')
  const outcome = await cli.feed({ remove_filesystems: ['/shared'], add_filesystems: [{ type: 'lofs', source: shared, target: '/again' }] }, 'update', uuid)
  assert.equal(outcome.code, 0, outcome.stderr)
  assert.match(outcome.stderr, /^warning: filesystems: takes effect when VM \S+ is rebooted\nSuccessfully updated VM/)
  assertSaid(await cli.vmadm('reboot', '-F', uuid), `Successfully completed reboot for VM ${uuid}`)
  assert.equal(await cli.inside(uuid, 'ls /shared; cat /again/hello /volume/file'), 'from the node\nkept')
  assertRefused(await cli.feed({ remove_filesystems: ['/nope'] }, 'update', uuid), /missing requested filesystem: \/nope/)
  await remove(uuid)
})

test('set_ and remove_ of tags, metadata and routes; key=value words; labels', async () => {
  const uuid = await cli.create(payload({ tags: { a: 1, b: true }, autoboot: false }))
  await update(uuid, { set_tags: { c: 'x' }, remove_tags: ['a'], set_customer_metadata: { k: 'v' }, set_internal_metadata: { i: 1 } })
  const machine = await cli.get(uuid)
  assert.deepEqual([machine['tags'], machine['customer_metadata'], machine['internal_metadata']], [{ b: true, c: 'x' }, { k: 'v' }, { i: 1 }])
  await update(uuid, 'alias=named billing_id=5b9a6a7e-1f0c-4f3a-9c59-0f6ce1b7a001 package_name=small autoboot=true remove_tags=b,c')
  const next = await cli.get('named')
  assert.deepEqual([next['tags'], next['billing_id'], next['package_name'], next['autoboot']], [{}, '5b9a6a7e-1f0c-4f3a-9c59-0f6ce1b7a001', 'small', true])
  await update(uuid, 'alias= package_name=')
  assert.deepEqual([(await cli.get(uuid))['alias'], (await cli.get(uuid))['package_name']], [undefined, undefined])
  const ignored = await cli.vmadm('update', uuid, 'aliaz=x')
  assert.deepEqual([ignored.code, ignored.stderr.split('\n')[0]], [0, 'warning: "aliaz" is not a property of a machine and is ignored; did you mean "alias"?'])
  assertRefused(await cli.vmadm('update', '--strict', uuid, 'aliaz=x'), '"aliaz" is not a property of a machine; did you mean "alias"?')
  assertRefused(await cli.feed({ set_tags: { bad: { nested: 1 } } }, 'update', uuid), /Invalid value\(s\) for: set_tags/)
  await remove(uuid)
})
