import assert from 'node:assert/strict'
import { readdir, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { attempt, command } from '../bench/command.ts'
import { assertRefused, assertSaid, type Cli, openCli, type Outcome } from '../harness/cli.ts'
import { type Inventory, readInventory } from '../harness/inventory.ts'
import { payload } from '../harness/machines.ts'
import { isInOwnNetwork } from '../harness/own-network.ts'
import { otherImage, startTestNode, testImage, type TestNode } from '../harness/test-node.ts'
import { readPoolKind, settlePool } from '../harness/test-pool.ts'

// What people get wrong, and what goes wrong on the node: one clear sentence, exit code, nothing left behind.
// In mounts of its own: one test puts another program where crun is.
if (isInOwnNetwork(import.meta.filename)) registerTests()

interface Bench {
  node: TestNode
  cli: Cli
}

async function withNode(options: { poolSizeBytes?: number }, work: (bench: Bench) => Promise<void>): Promise<void> {
  const node = await startTestNode(options)
  try {
    const cli = openCli(node)
    assert.equal((await cli.run(['nictagadm', 'add', '-l', 'test0'])).code, 0)
    await work({ node, cli })
  } finally {
    await node.dispose()
    // Guards of a killed node; its next start would remove them.
    await attempt(['nft', 'delete', 'table', 'bridge', 'spirula'])
  }
}

const inventory = async (node: TestNode): Promise<Inventory> => await readInventory(node, [testImage, otherImage])

/** One sentence and at most hints: what is said besides begins with two blanks or `hint:`. */
function assertOneSentence(outcome: Outcome): void {
  assert.equal(outcome.code, 1, outcome.stderr)
  const [first = '', ...rest] = outcome.stderr.trimEnd().split('\n')
  assert.match(first, /^\S.{10,300}$/)
  for (const line of rest) assert.match(line, /^( {2}\S|hint: )/)
  assert.ok(rest.length < 12, outcome.stderr)
}

function registerTests(): void {
  test('what is wrong with a payload is told, and nothing is made', async () => await withNode({}, checkPayloads))
  test('what is typed wrong is a usage error with the nearest right word', async () => await withNode({}, checkUsage))
  test('a full pool', async () => await withNode({ poolSizeBytes: 512 * 2 ** 20 }, checkFullPool))
  test('a dead runtime', async () => await withNode({}, checkDeadRuntime))
  test('a corrupt state file', async () => await withNode({}, checkCorruptState))
}

async function checkPayloads({ node, cli }: Bench): Promise<void> {
  const taken = await cli.create(payload({ nics: [{ nic_tag: 'test0', ips: ['10.50.0.2/24', 'fd50::2/64'], mac: '02:08:20:11:22:33' }] }))
  const clean = await inventory(node)
  const nic = (more: object): Record<string, unknown> => ({ nics: [{ nic_tag: 'test0', ips: ['10.50.0.9/24'], ...more }] })
  const without = (name: string): Record<string, unknown> => Object.fromEntries(Object.entries(payload()).filter(([key]) => key !== name))
  const conflict = 'Conflict detected with another vm, please check the MAC, IP, and VRID: '
  const cases: [string | object, string | RegExp][] = [
    ['{"brand": "lx",\n  "alias": }', 'Invalid JSON payload: Line 2, column 12: expected a value, but there is "}".'],
    ['[]', /^Invalid JSON payload: an object is expected/],
    ['', /^Invalid JSON payload: /],
    [payload({ uuid: taken }), `VM with UUID ${taken} already exists.`],
    [payload({ uuid: 'short' }), /^Invalid value\(s\) for: uuid\. uuid must be a UUID/],
    [without('image_uuid'), /^Missing required properties: image_uuid\./],
    [without('brand'), /^Missing required properties: brand\./],
    [payload({ image_uuid: otherImage.replace('b0b1', 'ffff') }), 'Image b0000000-0000-4000-8000-00000000ffff is not installed on this node.'],
    [payload({ brand: 'joyent' }), /^This node cannot run joyent machines: they use the programs of the platform, and this node runs from none/],
    [payload({ brand: 'kvm' }), /^This node cannot run kvm machines yet/],
    [payload({ brand: 'bhyve' }), /^This node cannot run bhyve machines yet/],
    [payload({ brand: 'linux' }), /^Invalid brand while validating payload: "linux"/],
    [payload(nic({ ips: ['10.50.0.2/24'] })), `${conflict}IP 10.50.0.2 belongs to machine ${taken}.`],
    [payload(nic({ ips: ['fd50:0::2/64'] })), `${conflict}IP fd50::2 belongs to machine ${taken}.`],
    [payload(nic({ mac: '02:08:20:11:22:33' })), `${conflict}MAC 02:08:20:11:22:33 belongs to machine ${taken}.`],
    [payload(nic({ nic_tag: 'nope' })), 'Invalid nic tag "nope".'],
    [payload({ nics: [{ ips: ['dhcp'] }] }), /invalid or missing \.nic_tag option for NIC/],
    [payload(nic({ mtu: 9000 })), 'Invalid value(s) for: nics.0.mtu. nics.0.mtu 9000 is above the 1500 of nic tag test0.'],
    [payload(nic({ vlan_id: 5000 })), /^Invalid value\(s\) for: nics\.0\.vlan_id\. /],
    [payload({ max_physical_memory: 512, max_swap: 256 }), /^Invalid value\(s\) for: max_swap\. max_swap must be >= max_physical_memory/],
    [payload({ cpu_cap: -1, tags: { a: [] } }), /^Invalid value\(s\) for: cpu_cap,tags\.a\. /],
    [payload({ routes: { '10.0.0.0/8': 'nowhere' } }), /^Invalid value\(s\) for: routes/],
  ]
  for (const [wrong, sentence] of cases) {
    const outcome = await cli.feed(wrong, 'create')
    assertRefused(outcome, sentence)
    assertOneSentence(outcome)
  }
  assertRefused(await cli.vmadm('create', '-f', '/no/such/file'), 'File: /no/such/file does not exist.')
  const warned = await cli.feed(payload({ alais: 'x', autoboot: false }), 'create')
  assert.match(warned.stderr, /^warning: "alais" is not a property of a machine and is ignored; did you mean "alias"\?\nSuccessfully created VM (\S+)\n$/)
  assertRefused(await cli.feed(payload({ alais: 'x' }), 'create', '--strict'), '"alais" is not a property of a machine; did you mean "alias"?')
  assert.equal((await cli.vmadm('delete', warned.stderr.trim().slice(-36))).code, 0)
  await checkValidate(cli)
  assert.deepEqual(await inventory(node), clean)
}

async function checkValidate(cli: Cli): Promise<void> {
  assertSaid(await cli.feed(payload(), 'validate', 'create'), "VALID 'create' payload for lx brand VMs.")
  assertSaid(await cli.feed({ alias: 'x' }, 'validate', 'update', 'lx'), "VALID 'update' payload for lx brand VMs.")
  const wrong = await cli.feed({ brand: 'lx', quota: 'x', nope: 1 }, 'validate', 'create')
  assert.equal(wrong.code, 1)
  assert.deepEqual(JSON.parse(wrong.stderr), { bad_values: ['quota'], bad_properties: ['nope'], missing_properties: ['image_uuid'] })
  assert.deepEqual(JSON.parse((await cli.feed({ brand: 'nope' }, 'validate', 'create')).stderr), { bad_brand: 'nope' })
}

async function checkUsage({ cli }: Bench): Promise<void> {
  assertRefused(await cli.vmadm('crate'), 'Invalid command: "crate". Did you mean create?', 2)
  assertRefused(await cli.vmadm('get'), 'Invalid or missing UUID for get', 2)
  assertRefused(await cli.vmadm('start', 'a', 'b'), /Unexpected argument "b"/, 2)
  assertRefused(await cli.vmadm('list', '--parseable'), /^There is no option --parseable\. Did you mean --parsable\?/, 2)
  assert.equal((await cli.vmadm()).code, 2)
  for (const words of [['help'], ['-h'], ['-?'], ['help', 'create'], ['create', '--help']]) {
    const outcome = await cli.vmadm(...words)
    assert.deepEqual([outcome.code, outcome.stderr], [0, ''], words.join(' '))
    assert.match(outcome.stdout, /^Usage: vmadm /)
  }
  const nobody = '5b9a6a7e-1f0c-4f3a-9c59-0f6ce1b7a0ff'
  for (const [words, before] of [
    [['get', nobody], ''],
    [['start', nobody], `Unable to start VM ${nobody}: `],
    [['stop', nobody], `Unable to stop VM ${nobody}: `],
    [['delete', nobody], `Failed to delete VM ${nobody}: `],
    [['create-snapshot', nobody, 'x'], `Failed to create snapshot for VM ${nobody}: `],
  ] as const)
    assertRefused(await cli.vmadm(...words), `${before}zoneadm: ${nobody}: No such zone configured`)
  const uuid = await cli.create(payload())
  assertRefused(await cli.vmadm('info', uuid), `Unable to get VM info for VM ${uuid}: no info types supported for brand lx`)
  assertRefused(await cli.vmadm('sysrq', uuid, 'nmi'), /sysrq|NMI|virtual machine/i)
}

async function checkFullPool({ node, cli }: Bench): Promise<void> {
  const eater = await cli.create(payload({ alias: 'eater', quota: 0 }))
  const fill = await cli.run([
    'zlogin',
    'eater',
    'for i in 1 2 3; do dd if=/dev/urandom of=/root/fill$i bs=64k 2>&1; sync; done; while echo x > /root/s$((n=n+1)) 2>/dev/null && [ $n -lt 500 ]; do :; done',
  ])
  assert.match(fill.stdout + fill.stderr, /No space left/)
  let refused: Outcome | null = null
  const made: string[] = []
  let before = await inventory(node)
  for (let count = 0; count < 40 && refused === null; count += 1) {
    before = await inventory(node)
    const outcome = await cli.feed(payload({ quota: 0, autoboot: true, customer_metadata: { filling: 'x'.repeat(200_000) } }), 'create')
    if (outcome.code === 0) made.push(outcome.stderr.trim().slice(-36))
    else refused = outcome
  }
  assert.ok(refused !== null, `${made.length} machines were made on a full pool`)
  assertOneSentence(refused)
  // On ZFS the node's records keep room of their own, so it comes as far as the dataset.
  assert.match(
    refused.stderr,
    readPoolKind() === 'zfs' ? /No space left on the pool.*, for the dataset / : /^There is no space left on the pool; nothing was done\.$/m,
  )
  assert.deepEqual(await inventory(node), before, 'a create that finds no space leaves nothing')
  assert.equal((await cli.get('eater'))['state'], 'running')
  // The way out works on a full pool.
  assertSaid(await cli.vmadm('delete', 'eater'), `Successfully deleted VM ${eater}`)
  for (const uuid of made) assertSaid(await cli.vmadm('delete', uuid), `Successfully deleted VM ${uuid}`)
  await settlePool(node.poolName, node.pool)
  const again = await cli.feed(payload({ quota: 0 }), 'create')
  assert.equal(again.code, 0, again.stderr)
}

async function checkDeadRuntime({ node, cli }: Bench): Promise<void> {
  const running = await cli.create(payload({ alias: 'runs' }))
  const stopped = await cli.create(payload({ alias: 'stopped', autoboot: false }))
  const clean = await inventory(node)
  await command(['mount', '--bind', '/bin/false', '/usr/bin/crun'])
  try {
    const created = await cli.feed(payload(), 'create')
    assertOneSentence(created)
    assert.deepEqual(await inventory(node), clean, 'a create without a runtime leaves nothing')
    const started = await cli.vmadm('start', 'stopped')
    assertOneSentence(started)
    assert.match(started.stderr, /^Unable to start VM stopped: /)
    assert.deepEqual([(await cli.get('stopped'))['state'], (await cli.get('stopped'))['autoboot']], ['stopped', false])
    assert.deepEqual(await inventory(node), clean)
    assert.equal((await cli.get('runs'))['state'], 'running')
  } finally {
    await command(['umount', '/usr/bin/crun'])
  }
  assertSaid(await cli.vmadm('start', 'stopped'), `Successfully started VM ${stopped}`)
  assert.equal(await cli.inside('runs', 'echo fine'), 'fine')
  assertSaid(await cli.vmadm('delete', 'runs'), `Successfully deleted VM ${running}`)
}

async function checkCorruptState({ node, cli }: Bench): Promise<void> {
  const [broken, empty, whole] = [await cli.create(payload()), await cli.create(payload({ autoboot: false })), await cli.create(payload({ alias: 'whole' }))]
  const machines = join(node.pool, 'config/machines')
  const path = join(machines, `${broken}.json`)
  await node.kill()
  await truncate(path, 100)
  await truncate(join(machines, `${empty}.json`), 0)
  await writeFile(join(machines, '.x.tmp'), 'half')
  await node.start()

  const outcome = await cli.vmadm('get', broken)
  assertOneSentence(outcome)
  assert.ok(outcome.stderr.includes(path), outcome.stderr)
  for (const words of [
    ['start', broken],
    ['delete', broken],
    ['update', broken, 'alias=x'],
  ])
    assert.ok((await cli.vmadm(...words)).stderr.includes(path), words.join(' '))
  assertRefused(await cli.feed(payload({ uuid: empty }), 'create'), new RegExp(`${empty}\\.json`))
  assert.equal((await cli.vmadm('list', '-Hpo', 'alias,state')).stdout, 'whole:running\n')
  assert.equal(await cli.inside('whole', 'echo fine'), 'fine')
  const status = await node.client.json<{ problems: string[] }>('node.status')
  assert.equal(status.problems.length, 2)
  for (const uuid of [broken, empty]) assert.ok(status.problems.some((problem) => problem.includes(`${uuid}.json`)))
  // Its data is not touched by what nobody can read.
  assert.ok((await readdir(join(node.pool, broken))).includes('root'))
  assertSaid(await cli.vmadm('delete', 'whole'), `Successfully deleted VM ${whole}`)
  assert.equal((await cli.feed(payload(), 'create')).code, 0)
}
