import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError, isAppError } from '#contracts/errors.ts'
import type { PoolLayout } from '#contracts/platform/layout.ts'
import { silentLog, type Context } from '../context.ts'
import { CommandFailure } from '../run/run.ts'
import { createDataPool, createSystemPool, type PoolOrder } from './create-pool.ts'
import { importPools } from './import-pools.ts'
import { mountPool } from './mount-pool.ts'
import type { DiskRunner } from './runner.ts'

const context: Context = { signal: new AbortController().signal, log: silentLog, now: () => new Date(0) }

type Answer = string | { exitCode: number; stderr: string }
/** First words of a command line → what it answers; a list is answered in turn, its last one for good. */
type Table = Record<string, Answer | Answer[]>

/** Answers from a table ('' for what is not in it) and notes what it was asked. */
function makeRunner(table: Table): DiskRunner & { seen: string[]; inputs: string[] } {
  const seen: string[] = []
  const inputs: string[] = []
  return {
    seen,
    inputs,
    async run(argv, { input, okCodes = [0] }) {
      const line = argv.join(' ')
      seen.push(line)
      if (input !== undefined) inputs.push(input)
      const answer = takeAnswer(table, line)
      const result = typeof answer === 'string' ? { stdout: answer, stderr: '', exitCode: 0 } : { stdout: '', ...answer }
      if (okCodes.includes(result.exitCode)) return result
      throw new AppError('CommandFailed', `The program ${argv[0]} failed.`, { cause: new CommandFailure(argv, result.exitCode, null, result.stderr) })
    },
    exists: async () => true,
    async restrict(directory) {
      seen.push(`restrict ${directory}`)
    },
    async mark(mountpoint, pool) {
      seen.push(`mark ${mountpoint} ${pool}`)
    },
  }
}

function takeAnswer(table: Table, line: string): Answer {
  const key = Object.keys(table)
    .filter((words) => line.startsWith(words))
    .toSorted((a, b) => b.length - a.length)[0]
  const answer = key === undefined ? '' : table[key]
  if (!Array.isArray(answer)) return answer ?? ''
  return (answer.length > 1 ? answer.shift() : answer[0]) ?? ''
}

interface Made {
  name: string
  pool?: [name: string, guid: string]
  /** Type and label. */
  holds?: [string, string]
  ro?: true
}

function renderDisks(...disks: Made[]): string {
  const plain = { model: null, serial: null, vendor: null, tran: null, rota: false, rm: false, label: null, uuid: null, parttype: null, mountpoints: [null] }
  return JSON.stringify({
    blockdevices: disks.map(({ name, pool, holds, ro }) => ({
      ...plain,
      name,
      path: `/dev/${name}`,
      type: 'disk',
      size: 10 * 2 ** 30,
      ro: ro ?? false,
      fstype: pool !== undefined ? 'zfs_member' : (holds?.[0] ?? null),
      label: pool?.[0] ?? holds?.[1] ?? null,
      uuid: pool?.[1] ?? null,
    })),
  })
}

const mirror: PoolLayout = { vdevs: [{ type: 'mirror', devices: [{ name: 'vda' }, { name: 'vdb' }] }] }

function makeOrder(fields: Partial<PoolOrder> = {}): PoolOrder {
  const divide: PoolOrder['divide'] = ({ path }, { bootable }) => ({ script: `divide ${path}`, pool_path: `${path}3`, boot_path: bootable ? `${path}2` : null })
  return { pool: 'zones', layout: mirror, divide, bootable: true, force: false, overwrite: [], ...fields }
}

/** Of what was asked, that which changes something. */
function changesOf(runner: { seen: string[] }): string[] {
  return runner.seen.filter((line) => !/^(lsblk|zpool list|zpool import|zfs list|udevadm)/.test(line))
}

test('a system pool is made in an order in which half of it never looks whole', async () => {
  const runner = makeRunner({ 'lsblk': renderDisks({ name: 'vda' }, { name: 'vdb' }), 'zfs list -H -p -o available': '9000000000\n' })
  const made = await createSystemPool(makeOrder(), context, runner)
  assert.deepEqual(made, { name: 'zones', mountpoint: '/zones', boot_partitions: ['/dev/vda2', '/dev/vdb2'] })
  assert.deepEqual(runner.inputs, ['divide /dev/vda', 'divide /dev/vdb'])
  const [create, ...rest] = changesOf(runner).slice(changesOf(runner).findIndex((line) => line.startsWith('zpool create')))
  assert.match(create ?? '', / -O spirula:unfinished=yes -m \/zones zones mirror \/dev\/vda3 \/dev\/vdb3$/)
  for (const words of ['ashift=12', 'cachefile=none', 'compression=lz4', 'atime=off', 'xattr=sa', 'acltype=posixacl'])
    assert.ok(create?.includes(` ${words} `), words)
  assert.deepEqual(
    rest.map((line) => line.split(' ').slice(0, 2).join(' ')),
    [...Array.from({ length: 7 }, () => 'zfs create'), 'restrict /usbkey', 'mkfs.vfat -F', 'mkfs.vfat -F', 'mark /zones', 'zfs inherit'],
  )
  assert.equal(rest.at(-1), 'zfs inherit spirula:unfinished zones')
  const datasets = rest.filter((line) => line.startsWith('zfs create'))
  assert.deepEqual(
    datasets.map((line) => line.split(' ').at(-1)),
    ['config', 'var', 'opt', 'usbkey', 'cores', 'archive', 'boot'].map((name) => `zones/${name}`),
  )
  assert.match(datasets.find((line) => line.endsWith('/opt')) ?? '', /-o mountpoint=\/opt zones\/opt$/)
  assert.match(datasets.find((line) => line.endsWith('/cores')) ?? '', /-o quota=1073741824 /)
  const ids = rest.flatMap((line) => /^mkfs.vfat -F 32 -n SPIRULABOOT -i ([0-9a-f]{8}) \/dev\/vd[ab]2$/.exec(line)?.[1] ?? [])
  assert.equal(new Set(ids).size, 2)
})

test('a system pool with another name has its datasets where they always are', async () => {
  const runner = makeRunner({ lsblk: renderDisks({ name: 'vda' }, { name: 'vdb' }) })
  assert.equal((await createSystemPool(makeOrder({ pool: 'tank' }), context, runner)).mountpoint, '/tank')
  assert.ok(runner.seen.some((line) => line.startsWith('zfs create') && line.includes(' mountpoint=/zones/config ') && line.endsWith(' tank/config')))
  assert.ok(runner.seen.includes('mark /tank tank'))
})

test('what must not be touched is refused before anything is changed', async () => {
  const cases: [Made[], Partial<PoolOrder>, Table, RegExp][] = [
    [[{ name: 'vda' }], {}, {}, /There is no disk vdb/],
    [[{ name: 'vda' }, { name: 'vdb', pool: ['tank', '7'] }], { force: true }, {}, /vdb belongs to the pool tank/],
    [[{ name: 'vda' }, { name: 'vdb', pool: ['tank', '7'] }], { overwrite: ['tan'] }, {}, /vdb belongs to the pool tank/],
    [[{ name: 'vda' }, { name: 'vdb', holds: ['ext4', 'home'] }], {}, {}, /file system on it \(ext4 "home" at \/dev\/vdb\)/],
    [[{ name: 'vda' }, { name: 'vdb', holds: ['vfat', 'SPIRULABOOT'] }], { force: true }, {}, /vdb is a boot medium/],
    [[{ name: 'vda' }, { name: 'vdb', ro: true }], { force: true }, {}, /vdb cannot be written/],
    [[{ name: 'vda' }, { name: 'vdb' }], { layout: { vdevs: [{ name: 'vda' }, { name: '/dev/vda' }] } }, {}, /vda more than once/],
    [[{ name: 'vda' }, { name: 'vdb' }, { name: 'vdc' }], { layout: { vdevs: [...mirror.vdevs, { name: 'vdc' }] } }, {}, /mirror of 2, single disk/],
    [[{ name: 'vda' }, { name: 'vdb' }], {}, { 'zpool list': 'zones\t9\tONLINE\n' }, /There is a pool zones already/],
    [[{ name: 'vda' }, { name: 'vdb' }], { pool: 'mirror' }, {}, /"mirror" cannot be the name/],
    [[{ name: 'vda' }, { name: 'vdb' }], { pool: 'etc' }, {}, /"etc" cannot be the name/],
    [[{ name: 'vda' }, { name: 'vdb' }], { passphrase: 'short' }, {}, /8 to 512/],
  ]
  for (const [disks, fields, table, pattern] of cases) {
    const runner = makeRunner({ lsblk: renderDisks(...disks), ...table })
    await assert.rejects(createSystemPool(makeOrder(fields), context, runner), (error) => isAppError(error) && pattern.test(error.message), String(pattern))
    assert.deepEqual(changesOf(runner), [], String(pattern))
  }
})

test('a pool that is named is destroyed, also while it is imported; labels of one that is not are cleared', async () => {
  const imported = makeRunner({
    'zpool list': 'tank\t7\tONLINE\n',
    'lsblk': [renderDisks({ name: 'vda' }, { name: 'vdb', pool: ['tank', '7'] }), renderDisks({ name: 'vda' }, { name: 'vdb' })],
  })
  // The pool is gone once it has been destroyed.
  const list = imported.run
  imported.run = async (argv, options, given) =>
    argv[1] === 'list' && imported.seen.includes('zpool destroy tank') ? { stdout: '', stderr: '', exitCode: 0 } : await list(argv, options, given)
  await createSystemPool(makeOrder({ overwrite: ['tank'] }), context, imported)
  assert.equal(changesOf(imported)[0], 'zpool destroy tank')
  const exported = makeRunner({ lsblk: renderDisks({ name: 'vda', pool: ['tank', '7'] }, { name: 'vdb' }) })
  await createSystemPool(makeOrder({ overwrite: ['tank'] }), context, exported)
  const steps = ['zpool labelclear -f /dev/vda', 'wipefs -q -a -f /dev/vdb /dev/vda', 'sfdisk', 'zpool create'].map((words) =>
    exported.seen.findIndex((line) => line.startsWith(words)),
  )
  assert.ok(
    steps.every((step, at) => step >= 0 && step > (steps[at - 1] ?? -1)),
    String(steps),
  )
})

test('a failure takes the pool back, and only the unfinished one', async () => {
  const table = (unfinished: string): Table => ({
    'lsblk': renderDisks({ name: 'vda' }, { name: 'vdb' }),
    'zfs list -H -p -d 0': ['', unfinished],
    'zfs create': { exitCode: 1, stderr: 'cannot create' },
  })
  const runner = makeRunner(table('zones\t-\tyes\n'))
  await assert.rejects(createSystemPool(makeOrder(), context, runner), (error) => isAppError(error, 'CommandFailed'))
  assert.equal(changesOf(runner).at(-1), 'zpool destroy zones')
  assert.ok(!runner.seen.some((line) => line.startsWith('mark')))
  const other = makeRunner(table('zones\t-\t-\n'))
  await assert.rejects(createSystemPool(makeOrder(), context, other))
  assert.ok(!other.seen.includes('zpool destroy zones'))
})

test('what a killed attempt left is made anew', async () => {
  const runner = makeRunner({
    'lsblk': renderDisks({ name: 'vda', pool: ['zones', '9'] }, { name: 'vdb', holds: ['vfat', 'x'] }),
    'zpool list': ['zones\t9\tONLINE\n', ''],
    'zfs list -H -p -d 0': ['zones\t-\tyes\n', ''],
  })
  await createSystemPool(makeOrder({ force: true }), context, runner)
  assert.equal(changesOf(runner)[0], 'zpool destroy zones')
  assert.equal(changesOf(runner).at(-1), 'zfs inherit spirula:unfinished zones')
})

test('a pool for data has no datasets of the system, spares and logs of their own; only data disks are bootable', async () => {
  const layout: PoolLayout = { ...mirror, spares: [{ name: 'vdc' }], logs: [{ name: 'vdd' }], cache: [{ name: 'vde' }] }
  const runner = makeRunner({ lsblk: renderDisks(...['a', 'b', 'c', 'd', 'e'].map((letter) => ({ name: `vd${letter}` }))) })
  const made = await createDataPool(makeOrder({ pool: 'data', layout, passphrase: 'long enough' }), context, runner)
  assert.deepEqual(made, { name: 'data', mountpoint: '/data', boot_partitions: ['/dev/vda2', '/dev/vdb2', '/dev/vdc2'] })
  const create = runner.seen.find((line) => line.startsWith('zpool create')) ?? ''
  assert.match(create, /data mirror \/dev\/vda3 \/dev\/vdb3 spare \/dev\/vdc3 log \/dev\/vdd3 cache \/dev\/vde3$/)
  assert.match(create, / -O encryption=aes-256-gcm -O keyformat=passphrase -O keylocation=prompt /)
  assert.equal(runner.inputs.at(-1), 'long enough\n')
  assert.ok(!runner.seen.some((line) => line.includes('long enough') || line.startsWith('zfs create') || line.startsWith('mark')))
})

function renderImportable(...pools: [name: string, id: string, state: string][]): string {
  return pools.map(([name, id, state]) => `   pool: ${name}\n     id: ${id}\n  state: ${state}\n config:\n\n\t${name} ${state}\n`).join('\n')
}

test('all pools are imported; one that cannot be is reported and does not hold up the others', async () => {
  const runner = makeRunner({
    'zpool import': renderImportable(['bad', '1', 'UNAVAIL'], ['zones', '2', 'DEGRADED'], ['zones', '3', 'ONLINE'], ['log', '4', 'UNAVAIL']),
    'zpool import -f -N -o cachefile=none 1': { exitCode: 1, stderr: "cannot import 'bad': no such pool or dataset\n\tDestroy and re-create" },
    'zpool import -f -N -o cachefile=none 2': { exitCode: 1, stderr: 'a pool with that name already exists' },
    'zpool import -f -N -o cachefile=none -m 1': { exitCode: 1, stderr: 'no such pool or dataset' },
    'zpool import -f -N -o cachefile=none -m 2': { exitCode: 1, stderr: 'a pool with that name already exists' },
    'zpool import -f -N -o cachefile=none 4': { exitCode: 1, stderr: "cannot import 'log': one or more devices is currently unavailable" },
    'zpool list': 'zones\t3\tONLINE\nlog\t4\tDEGRADED\n',
    'zfs list -H -p -d 0': 'zones\t-\tyes\nlog\tunavailable\t-\n',
  })
  const outcomes = await importPools({}, context, runner)
  assert.deepEqual(
    outcomes.map(({ guid, imported, unfinished, locked }) => ({ guid, imported, unfinished, locked })),
    [
      { guid: '3', imported: true, unfinished: true, locked: false },
      { guid: '4', imported: true, unfinished: false, locked: true },
      { guid: '2', imported: false, unfinished: false, locked: false },
      { guid: '1', imported: false, unfinished: false, locked: false },
    ],
  )
  assert.equal(outcomes[0]?.reason, null)
  assert.match(outcomes[1]?.reason ?? '', /log device of the pool log is missing/)
  assert.match(outcomes[2]?.reason ?? '', /zones \(DEGRADED\) could not be imported: a pool with that name/)
  assert.match(outcomes[3]?.reason ?? '', /no such pool or dataset Destroy and re-create$/)
  assert.ok(runner.seen.includes('zpool import -f -N -o cachefile=none -m 4'))
})

test('only the pools that are asked for', async () => {
  const runner = makeRunner({ 'zpool import': renderImportable(['a', '1', 'ONLINE'], ['b', '2', 'ONLINE']), 'zpool list': 'b\t2\tONLINE\n' })
  assert.deepEqual(
    (await importPools({ only: ['b'] }, context, runner)).map((pool) => pool.name),
    ['b'],
  )
  assert.deepEqual(changesOf(runner), [])
  assert.ok(runner.seen.includes('zpool import -f -N -o cachefile=none 2') && !runner.seen.includes('zpool import -f -N -o cachefile=none 1'))
})

test('datasets are mounted at once, but none over the system', async () => {
  const row = (name: string, mountpoint: string): string => `${name}\t${mountpoint}\ton\tno\toff\t-\n`
  const good = makeRunner({ 'zfs list': [row('zones', '/zones') + row('zones/opt', '/opt'), ''] })
  assert.deepEqual(await mountPool('zones', { top: '/zones', system: true }, context, good), [])
  assert.deepEqual(changesOf(good), ['zfs mount -R zones'])
  const hostile = makeRunner({ 'zfs list': row('tank', '/tank') + row('tank/x', '/etc') + row('tank/opt', '/opt') + row('tank/y', '/tank/../etc') })
  const complaints = await mountPool('tank', { top: '/tank', system: false }, context, hostile)
  assert.equal(complaints.length, 3)
  assert.match(complaints[0] ?? '', /tank\/x was not mounted: \/etc is not a place for it/)
  assert.deepEqual(changesOf(hostile), ['zfs mount tank'])
  const stuck = makeRunner({ 'zfs list': row('zones', '/zones'), 'zfs mount': { exitCode: 1, stderr: 'directory is not empty' } })
  assert.match((await mountPool('zones', { top: '/zones', system: true }, context, stuck))[0] ?? '', /could not be mounted at \/zones: directory is not empty/)
})
