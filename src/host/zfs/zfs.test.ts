import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isAppError } from '#contracts/errors.ts'
import { type Context, silentLog } from '../context.ts'
import { commandFailed } from '../run/run.ts'
import { registerStorageSuite } from '../storage.suite.ts'
import { asZfsFailure } from './failures.ts'
import { createFakeZfs } from './fake-zfs.ts'
import type { ZfsRunner } from './runner.ts'
import { createZfsStorage } from './zfs.ts'

// zfs prints creation times in whole seconds.
const context: Context = { signal: new AbortController().signal, log: silentLog, now: () => new Date() }

registerStorageSuite('zfs on a fake zfs', async () => {
  const mountpoint = await mkdtemp(join(tmpdir(), 'spirula-zfs-'))
  const { runner } = createFakeZfs({ pool: 'zones', mountpoint })
  const storage = createZfsStorage({ pool: 'zones', mountpoint, runner })
  return {
    storage,
    context,
    enforcesQuota: false,
    refusesDependents: true,
    sync: async () => {},
    dispose: async () => await rm(mountpoint, { recursive: true }),
  }
})

test('each verb is this command line', async () => {
  const mountpoint = await mkdtemp(join(tmpdir(), 'spirula-zfs-'))
  const { runner, seen } = createFakeZfs({ pool: 'zones', mountpoint })
  const storage = createZfsStorage({ pool: 'zones', mountpoint, runner })
  const name = { dataset: 'u', snapshot: 'final' }
  await storage.create('u', { quota_bytes: 1024, compression: 'lz4', recordsize: 4096 }, context)
  await storage.snapshot(name, context)
  await storage.clone(name, 'v', { quota_bytes: null }, context)
  await storage.setQuota('v', 2048, context)
  await storage.hold(name, 'tag', context)
  await storage.release(name, 'tag', context)
  await storage.rollback(name, context)
  await storage.rename('v', 'w', context)
  await storage.receive('x', storage.send(name, null, context), context)
  await storage.destroy('w', context)
  await storage.destroySnapshot(name, context)
  const changing = seen.map((argv) => argv.join(' ')).filter((line) => !/^zfs (list|holds)/.test(line))
  assert.deepEqual(changing, [
    'zfs create -o quota=1024 -o compression=lz4 -o recordsize=4096 zones/u',
    'zfs snapshot zones/u@final',
    'zfs clone -o quota=none zones/u@final zones/v',
    'zfs set quota=2048 zones/v',
    'zfs hold tag zones/u@final',
    'zfs release tag zones/u@final',
    'zfs rollback zones/u@final',
    'zfs rename zones/v zones/w',
    'zfs receive -u -x mountpoint zones/x',
    'zfs send zones/u@final',
    'zfs mount zones/x',
    'zfs destroy zones/w',
    'zfs destroy zones/u@final',
  ])
  const listing = ['zfs', 'list', '-j', '--json-int', '-p', '-r', '-t', 'filesystem', '-o', 'mountpoint,origin,used,quota,creation', 'zones']
  seen.length = 0
  await storage.list(context)
  assert.deepEqual(seen, [listing])
  await rm(mountpoint, { recursive: true })
})

test("zfs's words become our codes, and its text stays as the cause", () => {
  const cases = [
    ["cannot create 'zones/u': out of space", 'NoSpace'],
    ["cannot set property for 'zones/u': size is less than current used or reserved space", 'NoSpace'],
    ["cannot create 'zones/u': dataset already exists", 'DatasetExists'],
    ["cannot open 'zones/u': dataset does not exist", 'DatasetNotFound'],
    ["cannot destroy 'zones/u@s': snapshot has dependent clones", 'Busy'],
    ["cannot destroy 'zones/u': dataset is busy", 'Busy'],
    ['cannot receive: invalid stream (bad magic number)', 'ImageInvalid'],
    ["cannot create snapshot 'zones/u@s': dataset already exists", 'SnapshotExists'],
    ["cannot open 'zones/u@s': dataset does not exist", 'SnapshotNotFound'],
    ["cannot create 'zones/uuuu': name is too long", 'InvalidPayload'],
    ["cannot destroy snapshot zones/u@s: it's being held. Run 'zfs holds -r zones/u@s' to see holders.", 'Indestructible'],
    ["cannot unmount '/zones/u': pool or dataset is busy", 'Busy'],
    ['cannot create snapshots : out of space', 'NoSpace'],
    ['cannot receive new filesystem stream: incomplete stream', 'ImageInvalid'],
    ['cannot receive incremental stream: most recent snapshot of zones/u does not\nmatch incremental source', 'SnapshotNotFound'],
  ] as const
  for (const [text, code] of cases) {
    const failure = commandFailed(['zfs', 'x'], 1, null, text)
    const translated = asZfsFailure(failure, { dataset: 'u' })
    assert.ok(isAppError(translated, code), text)
    assert.equal(translated.cause, failure)
  }
  const other = commandFailed(['zfs', 'x'], 1, null, 'permission denied')
  assert.equal(asZfsFailure(other, { dataset: 'u' }), other)
})

test('zfs is asked again while it says busy, and a dataset it could not mount is taken back', async () => {
  const mountpoint = await mkdtemp(join(tmpdir(), 'spirula-zfs-'))
  const { runner } = createFakeZfs({ pool: 'zones', mountpoint })
  let busy = 2
  const troubled: ZfsRunner = {
    ...runner,
    async run(argv, okCodes, given) {
      if (argv[1] === 'destroy' && busy > 0) {
        busy -= 1
        throw commandFailed(argv, 1, null, "cannot destroy 'zones/u': dataset is busy\n")
      }
      const result = await runner.run(argv, okCodes, given)
      if (argv.at(-1) === 'zones/inway' && argv[1] === 'create')
        throw commandFailed(argv, 1, null, "cannot mount 'zones/inway': Not a directory\nfilesystem successfully created, but not mounted\n")
      return result
    },
  }
  const storage = createZfsStorage({ pool: 'zones', mountpoint, runner: troubled })
  await storage.create('u', {}, context)
  await storage.destroy('u', context)
  assert.deepEqual([busy, await storage.exists('u', context)], [0, false])
  await assert.rejects(storage.create('inway', {}, context), (error) => isAppError(error, 'CommandFailed'))
  assert.equal(await storage.exists('inway', context), false)
  await rm(mountpoint, { recursive: true })
})

test('when a later step fails, what was made before it is taken back', async () => {
  const mountpoint = await mkdtemp(join(tmpdir(), 'spirula-zfs-'))
  const { runner } = createFakeZfs({ pool: 'zones', mountpoint })
  const failing: ZfsRunner = {
    ...runner,
    async run(argv, okCodes, given) {
      if (argv[1] === 'mount' || argv.at(-1) === 'zones/u/volumes/v') {
        if (argv[1] !== 'list') throw commandFailed(argv, 1, null, 'cannot do it: out of space')
      }
      return await runner.run(argv, okCodes, given)
    },
  }
  const storage = createZfsStorage({ pool: 'zones', mountpoint, runner: failing })
  await storage.create('u', {}, context)
  await storage.snapshot({ dataset: 'u', snapshot: 's' }, context)
  await assert.rejects(storage.create('u/volumes/v', {}, context), (error) => isAppError(error, 'NoSpace'))
  assert.equal(await storage.exists('u/volumes', context), false)
  await assert.rejects(storage.receive('x', storage.send({ dataset: 'u', snapshot: 's' }, null, context), context), (error) => isAppError(error, 'NoSpace'))
  assert.equal(await storage.exists('x', context), false)
  await rm(mountpoint, { recursive: true })
})
