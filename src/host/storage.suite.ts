import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, test, type TestContext } from 'node:test'
import type { Context } from './context.ts'
import { breaking, get, put, refuses, refusesWrite, snapshotNames, text } from './storage-probes.suite.ts'
import type { SnapshotName, Storage } from './storage.ts'

/** What a driver's test hands in. */
export interface StorageSubject {
  storage: Storage
  context: Context
  /** Writes past a quota fail. */
  enforcesQuota: boolean
  /** A snapshot with clones cannot be destroyed. */
  refusesDependents: boolean
  /** Makes the file system count what was written. */
  sync: () => Promise<void>
  dispose: () => Promise<void>
}

type Case = (subject: StorageSubject, t: TestContext) => Promise<void>

/** Registers the cases that every driver of `Storage` passes. One pool is made for all; each case uses names of its own. */
export function registerStorageSuite(label: string, make: () => Promise<StorageSubject>): void {
  let subject: StorageSubject
  before(async () => {
    subject = await make()
  })
  after(async () => await subject?.dispose())
  for (const [name, check] of Object.entries(cases)) test(`${label}: ${name}`, async (t) => await check(subject, t))
}

const cases: Record<string, Case> = {
  'a new dataset is listed, read, and has a directory': async ({ storage, context }) => {
    assert.equal(await storage.exists('new', context), false)
    assert.equal(await storage.read('new', context), null)
    const before = Date.now()
    await storage.create('new', {}, context)
    const dataset = await storage.read('new', context)
    assert.ok(dataset !== null)
    assert.deepEqual(
      { ...dataset, used_bytes: 0, created_at: '' },
      {
        name: 'new',
        mountpoint: storage.mountpointOf('new'),
        origin: null,
        used_bytes: 0,
        quota_bytes: null,
        created_at: '',
      },
    )
    assert.ok(Math.abs(Date.parse(dataset.created_at) - before) < 10_000, dataset.created_at)
    await put(storage, 'new', 'root/file', 'x')
    assert.deepEqual((await storage.list(context)).find(({ name }) => name === 'new')?.mountpoint, dataset.mountpoint)
    assert.equal(await storage.exists('new', context), true)
  },

  'a nested dataset needs its parent and is not part of its files': async ({ storage, context }) => {
    await refuses('DatasetNotFound', storage.create('nest/data', {}, context))
    assert.equal(await storage.exists('nest', context), false)
    await storage.create('nest', {}, context)
    await storage.create('nest/between/deep', {}, context)
    assert.equal(await storage.exists('nest/between', context), true)
    await storage.destroy('nest/between', context)
    await storage.create('nest/data', {}, context)
    await put(storage, 'nest', 'a', 'outer')
    await put(storage, 'nest/data', 'a', 'inner')
    await storage.snapshot({ dataset: 'nest', snapshot: 's' }, context)
    await put(storage, 'nest', 'a', 'outer 2')
    await put(storage, 'nest/data', 'a', 'inner 2')
    await storage.rollback({ dataset: 'nest', snapshot: 's' }, context)
    assert.equal(await get(storage, 'nest', 'a'), 'outer')
    assert.equal(await get(storage, 'nest/data', 'a'), 'inner 2')
    const names = (await storage.list(context)).map(({ name }) => name).filter((name) => name.startsWith('nest'))
    assert.deepEqual(names.toSorted(), ['nest', 'nest/data'])
  },

  'existing names are refused and stay as they are': async ({ storage, context }) => {
    await storage.create('taken', {}, context)
    await put(storage, 'taken', 'a', 'mine')
    const name = { dataset: 'taken', snapshot: 's' }
    await storage.snapshot(name, context)
    await refuses('DatasetExists', storage.create('taken', {}, context))
    await refuses('DatasetExists', storage.clone(name, 'taken', {}, context))
    await refuses('DatasetExists', storage.receive('taken', storage.send(name, null, context), context))
    await refuses('SnapshotExists', storage.snapshot(name, context))
    assert.equal(await get(storage, 'taken', 'a'), 'mine')
    assert.deepEqual(await snapshotNames(storage, 'taken', context), ['s'])
  },

  'missing things are named': async ({ storage, context }) => {
    const name = { dataset: 'absent', snapshot: 's' }
    await storage.create('present', {}, context)
    await refuses('DatasetNotFound', storage.snapshot(name, context))
    await refuses('DatasetNotFound', storage.listSnapshots('absent', context))
    await refuses('DatasetNotFound', storage.setQuota('absent', 1 << 20, context))
    await refuses('DatasetNotFound', storage.setOptions('absent', { recordsize: 4096 }, context))
    await refuses('DatasetNotFound', storage.rename('absent', 'absent2', context))
    await refuses('SnapshotNotFound', storage.clone({ dataset: 'present', snapshot: 's' }, 'absent', {}, context))
    await refuses('SnapshotNotFound', storage.rollback({ dataset: 'present', snapshot: 's' }, context))
    await refuses('SnapshotNotFound', storage.hold({ dataset: 'present', snapshot: 's' }, 'tag', context))
    await refuses('SnapshotNotFound', text(storage.send({ dataset: 'present', snapshot: 's' }, null, context)))
    assert.equal(await storage.exists('absent', context), false)
  },

  'bad names are refused': async ({ storage, context }) => {
    for (const bad of ['', '..', 'a/../b', '.spirula', '/a', 'a/', 'a@b', 'a b', '-r', 'a//b']) {
      await refuses('InvalidPayload', storage.create(bad, {}, context))
      await refuses('InvalidPayload', storage.destroy(bad, context))
    }
    await storage.create('goodname', {}, context)
    for (const bad of ['', '..', 'a/b', '-r', 'a@b']) await refuses('InvalidPayload', storage.snapshot({ dataset: 'goodname', snapshot: bad }, context))
  },

  'destroying is repeatable and takes snapshots and children': async ({ storage, context }) => {
    await storage.create('gone', {}, context)
    await storage.create('gone/data', {}, context)
    await storage.create('gone/data/deep', {}, context)
    await put(storage, 'gone/data/deep', 'a', 'x')
    await storage.snapshot({ dataset: 'gone', snapshot: 's1' }, context)
    await storage.snapshot({ dataset: 'gone/data', snapshot: 's2' }, context)
    await storage.destroy('gone', context)
    await storage.destroy('gone', context)
    assert.deepEqual(
      (await storage.list(context)).filter(({ name }) => name.startsWith('gone')),
      [],
    )
    await storage.create('gone', {}, context)
    assert.deepEqual(await storage.listSnapshots('gone', context), [])
    assert.equal(await get(storage, 'gone', 'a').catch(() => null), null)
    await storage.destroySnapshot({ dataset: 'gone', snapshot: 's1' }, context)
  },

  'a clone shares the data and does not touch its origin': async ({ storage, context, sync, enforcesQuota }) => {
    const origin = { dataset: 'image', snapshot: 'final' }
    await storage.create('image', {}, context)
    await put(storage, 'image', 'root/big', randomBytes(8 << 20))
    await put(storage, 'image', 'root/etc/name', 'image')
    await symlink('/etc/shadow', join(storage.mountpointOf('image'), 'root/link'))
    await storage.snapshot(origin, context)
    await put(storage, 'image', 'root/etc/name', 'image later')
    await storage.clone(origin, 'zone', { quota_bytes: 64 << 20 }, context)
    assert.equal(await get(storage, 'zone', 'root/etc/name'), 'image')
    await put(storage, 'zone', 'root/etc/name', 'zone')
    assert.equal(await get(storage, 'image', 'root/etc/name'), 'image later')
    await sync()
    const zone = await storage.read('zone', context)
    assert.deepEqual(zone?.origin, origin)
    assert.equal(zone?.quota_bytes, 64 << 20)
    if (enforcesQuota) assert.ok(zone.used_bytes < 4 << 20, `a clone is billed ${zone.used_bytes}`)
    const listed = (await storage.list(context)).find(({ name }) => name === 'zone')
    assert.deepEqual({ ...listed, used_bytes: 0 }, { ...zone, used_bytes: 0 })
  },

  'origins: dependents are Busy where the file system needs them': async ({ storage, context, refusesDependents }) => {
    const origin = { dataset: 'base', snapshot: 's' }
    await storage.create('base', {}, context)
    await put(storage, 'base', 'a', 'shared')
    await storage.snapshot(origin, context)
    await storage.clone(origin, 'dependent', {}, context)
    if (refusesDependents) {
      await refuses('Busy', storage.destroySnapshot(origin, context))
      await refuses('Busy', storage.destroy('base', context))
      assert.equal(await get(storage, 'base', 'a'), 'shared')
    } else {
      await storage.destroy('base', context)
      assert.equal(await storage.exists('base', context), false)
    }
    assert.equal(await get(storage, 'dependent', 'a'), 'shared')
    await storage.destroy('dependent', context)
    await storage.destroy('base', context)
    assert.equal(await storage.exists('base', context), false)
  },

  'quota: set, read back, lifted': async ({ storage, context }) => {
    await storage.create('limited', { quota_bytes: 32 << 20 }, context)
    assert.equal((await storage.read('limited', context))?.quota_bytes, 32 << 20)
    await storage.setQuota('limited', 48 << 20, context)
    assert.equal((await storage.read('limited', context))?.quota_bytes, 48 << 20)
    for (const bad of [0, -1, 1.5, Number.NaN]) await refuses('InvalidPayload', storage.setQuota('limited', bad, context))
    await refuses('InvalidPayload', storage.create('limited2', { quota_bytes: -1 }, context))
    assert.equal(await storage.exists('limited2', context), false)
    await storage.setQuota('limited', null, context)
    assert.equal((await storage.read('limited', context))?.quota_bytes, null)
    assert.equal((await storage.list(context)).find(({ name }) => name === 'limited')?.quota_bytes, null)
  },

  'quota: enforced at once, over snapshots and children, also after a rollback': async ({ storage, context, enforcesQuota, sync }, t) => {
    if (!enforcesQuota) return t.skip('this driver does not enforce quotas')
    const name = { dataset: 'full', snapshot: 's' }
    await storage.create('full', { quota_bytes: 32 << 20 }, context)
    await storage.create('full/data', {}, context)
    await put(storage, 'full/data', 'a', randomBytes(8 << 20))
    await put(storage, 'full', 'a', randomBytes(8 << 20))
    await sync()
    await storage.snapshot(name, context)
    await put(storage, 'full', 'a', randomBytes(8 << 20))
    await sync()
    // 8 in the child, 8 in the snapshot, 8 live: 16 more do not fit, in neither of them.
    await refusesWrite(storage, 'full', 16)
    await refusesWrite(storage, 'full/data', 16)
    const used = (await storage.read('full', context))?.used_bytes ?? 0
    assert.ok(used > 20 << 20 && used <= 33 << 20, `used ${used}`)
    await storage.rollback(name, context)
    assert.equal((await storage.read('full', context))?.quota_bytes, 32 << 20)
    await refusesWrite(storage, 'full', 32)
    await storage.setQuota('full', 128 << 20, context)
    await put(storage, 'full', 'more', randomBytes(40 << 20))
    await storage.destroy('full', context)
  },

  'snapshots are listed newest first and keep what was': async ({ storage, context }) => {
    await storage.create('shots', {}, context)
    for (const snapshot of ['b', 'a', 'c']) {
      await put(storage, 'shots', 'a', snapshot)
      await storage.snapshot({ dataset: 'shots', snapshot }, context)
    }
    const listed = await storage.listSnapshots('shots', context)
    assert.deepEqual(
      listed.map(({ name }) => name),
      ['c', 'a', 'b'],
    )
    for (const { created_at } of listed) assert.ok(Math.abs(Date.parse(created_at) - Date.now()) < 60_000, created_at)
    assert.deepEqual((await storage.listAllSnapshots(context)).get('shots'), listed)
    await storage.clone({ dataset: 'shots', snapshot: 'a' }, 'shots-copy', {}, context)
    assert.equal(await get(storage, 'shots-copy', 'a'), 'a')
    await storage.destroySnapshot({ dataset: 'shots', snapshot: 'b' }, context)
    await storage.destroySnapshot({ dataset: 'shots', snapshot: 'b' }, context)
    assert.deepEqual(await snapshotNames(storage, 'shots', context), ['c', 'a'])
  },

  'names of snapshots have all that vmadm allows': async ({ storage, context }) => {
    const [first, second] = ['a-z_.:%9%', 'x%'].map((snapshot) => ({ dataset: 'named', snapshot })) as [SnapshotName, SnapshotName]
    await storage.create('named', {}, context)
    for (const name of [first, second]) await storage.snapshot(name, context)
    assert.deepEqual(await snapshotNames(storage, 'named', context), ['x%', 'a-z_.:%9%'])
    assert.deepEqual(
      (await storage.listAllSnapshots(context)).get('named')?.map(({ name }) => name),
      ['x%', 'a-z_.:%9%'],
    )
    await storage.clone(second, 'of-named', {}, context)
    assert.deepEqual((await storage.read('of-named', context))?.origin, second)
    await storage.hold(first, 'tag', context)
    assert.deepEqual(await storage.listHolds(first, context), ['tag'])
    await storage.release(first, 'tag', context)
    await storage.receive('named-copy', storage.send(first, null, context), context)
    await storage.receive('named-copy', storage.send(second, first.snapshot, context), context)
    assert.deepEqual(await snapshotNames(storage, 'named-copy', context), ['x%', 'a-z_.:%9%'])
    await storage.destroy('of-named', context)
    await storage.rollback(first, context)
    await storage.destroySnapshot(first, context)
    assert.deepEqual(await snapshotNames(storage, 'named', context), [])
  },

  'rollback brings the files back, destroys newer snapshots, keeps quota and origin': async ({ storage, context }) => {
    const origin = { dataset: 'rollimage', snapshot: 'final' }
    await storage.create('rollimage', {}, context)
    await storage.snapshot(origin, context)
    await storage.clone(origin, 'roll', { quota_bytes: 64 << 20 }, context)
    const born = (await storage.read('roll', context))?.created_at
    for (const snapshot of ['s1', 's2', 's3']) {
      await put(storage, 'roll', 'a', snapshot)
      await put(storage, 'roll', snapshot, snapshot)
      await storage.snapshot({ dataset: 'roll', snapshot }, context)
    }
    await storage.rollback({ dataset: 'roll', snapshot: 's2' }, context)
    assert.equal(await get(storage, 'roll', 'a'), 's2')
    assert.equal(await get(storage, 'roll', 's3').catch(() => null), null)
    assert.deepEqual(await snapshotNames(storage, 'roll', context), ['s2', 's1'])
    const after = await storage.read('roll', context)
    assert.deepEqual([after?.quota_bytes, after?.origin, after?.created_at], [64 << 20, origin, born])
    await put(storage, 'roll', 'a', 'writable')
    await storage.rollback({ dataset: 'roll', snapshot: 's2' }, context)
    await storage.rollback({ dataset: 'roll', snapshot: 's1' }, context)
    assert.equal(await get(storage, 'roll', 'a'), 's1')
  },

  'holds protect a snapshot, its dataset, and it from rollbacks': async ({ storage, context }) => {
    const [older, name] = [
      { dataset: 'holds', snapshot: 'older' },
      { dataset: 'holds', snapshot: 's' },
    ]
    await storage.create('holds', {}, context)
    await put(storage, 'holds', 'a', 'kept')
    await storage.snapshot(older, context)
    await storage.snapshot(name, context)
    assert.deepEqual(await storage.listHolds(name, context), [])
    await storage.hold(name, 'org.spirula:one', context)
    await storage.hold(name, 'org.spirula:one', context)
    await storage.hold(name, 'two', context)
    assert.deepEqual((await storage.listHolds(name, context)).toSorted(), ['org.spirula:one', 'two'])
    await storage.release(name, 'two', context)
    await storage.release(name, 'two', context)
    await refuses('Indestructible', storage.destroySnapshot(name, context))
    await refuses('Indestructible', storage.destroy('holds', context))
    await refuses('Indestructible', storage.rollback(older, context))
    assert.equal(await get(storage, 'holds', 'a'), 'kept')
    await storage.release(name, 'org.spirula:one', context)
    await storage.rollback(older, context)
    await storage.destroy('holds', context)
    assert.equal(await storage.exists('holds', context), false)
  },

  'rename moves snapshots and children, and clones know the new name': async ({ storage, context }) => {
    const name = { dataset: 'old', snapshot: 's' }
    await storage.create('old', { quota_bytes: 64 << 20 }, context)
    await storage.create('old/data', {}, context)
    await put(storage, 'old', 'a', 'one')
    await put(storage, 'old/data', 'a', 'two')
    await storage.snapshot(name, context)
    await storage.hold(name, 'tag', context)
    await storage.clone(name, 'of-old', {}, context)
    await storage.create('other', {}, context)
    await refuses('DatasetExists', storage.rename('old', 'other', context))
    await storage.rename('old', 'fresh', context)
    assert.equal(await storage.exists('old', context), false)
    assert.equal(await storage.exists('old/data', context), false)
    assert.equal(await get(storage, 'fresh', 'a'), 'one')
    assert.equal(await get(storage, 'fresh/data', 'a'), 'two')
    assert.equal((await storage.read('fresh', context))?.quota_bytes, 64 << 20)
    assert.deepEqual(await snapshotNames(storage, 'fresh', context), ['s'])
    assert.deepEqual(await storage.listHolds({ dataset: 'fresh', snapshot: 's' }, context), ['tag'])
    assert.deepEqual((await storage.read('of-old', context))?.origin, { dataset: 'fresh', snapshot: 's' })
    await storage.rename('fresh/data', 'other/data', context)
    assert.equal(await get(storage, 'other/data', 'a'), 'two')
    await storage.create('fresh/volumes/v', {}, context)
    await storage.rename('fresh/volumes/v', 'other/volumes/v', context)
    assert.equal(await storage.exists('other/volumes/v', context), true)
  },

  'options are taken': async ({ storage, context }) => {
    await storage.create('options', { compression: 'gzip-9', recordsize: 16_384 }, context)
    await storage.setOptions('options', { compression: 'off', recordsize: 131_072 }, context)
    assert.equal(await storage.exists('options', context), true)
  },

  'send and receive, full and incremental': async ({ storage, context }) => {
    await storage.create('source', {}, context)
    const content = randomBytes(3 << 20)
    await put(storage, 'source', 'root/a', content)
    await symlink('/etc/passwd', join(storage.mountpointOf('source'), 'root/link'))
    await storage.snapshot({ dataset: 'source', snapshot: 'one' }, context)
    await put(storage, 'source', 'root/b', 'second')
    await storage.snapshot({ dataset: 'source', snapshot: 'two' }, context)
    await storage.receive('copy', storage.send({ dataset: 'source', snapshot: 'one' }, null, context), context)
    assert.deepEqual(await readFile(join(storage.mountpointOf('copy'), 'root/a')), content)
    assert.equal(await get(storage, 'copy', 'root/b').catch(() => null), null)
    assert.deepEqual(await snapshotNames(storage, 'copy', context), ['one'])
    await storage.receive('copy', storage.send({ dataset: 'source', snapshot: 'two' }, 'one', context), context)
    assert.equal(await get(storage, 'copy', 'root/b'), 'second')
    assert.deepEqual(await snapshotNames(storage, 'copy', context), ['two', 'one'])
    await put(storage, 'copy', 'root/b', 'writable')
    await storage.setQuota('copy', 64 << 20, context)
    await storage.rollback({ dataset: 'copy', snapshot: 'one' }, context)
    assert.deepEqual(await readFile(join(storage.mountpointOf('copy'), 'root/a')), content)
    const lost = storage.send({ dataset: 'source', snapshot: 'two' }, 'one', context)
    await refuses('DatasetNotFound', storage.receive('nowhere', lost, context))
    assert.equal(await storage.exists('nowhere', context), false)
  },

  'a stream that is cut, foreign or broken leaves nothing': async ({ storage, context }) => {
    await storage.create('cut', {}, context)
    await put(storage, 'cut', 'a', randomBytes(2 << 20))
    await storage.snapshot({ dataset: 'cut', snapshot: 's' }, context)
    const whole = await text(storage.send({ dataset: 'cut', snapshot: 's' }, null, context))
    const broken = new Error('the line broke')
    const inputs: Readable[] = [
      Readable.from([whole.subarray(0, whole.length >> 1)], { objectMode: false }),
      Readable.from([Buffer.from('not a stream at all, but rather long for one')], { objectMode: false }),
      Readable.from([], { objectMode: false }),
      Readable.from(breaking(whole.subarray(0, 1 << 20), broken), { objectMode: false }),
    ]
    for (const input of inputs) {
      await assert.rejects(storage.receive('uncut', input, context))
      assert.equal(await storage.exists('uncut', context), false)
    }
    await storage.receive('uncut', Readable.from([whole], { objectMode: false }), context)
    assert.equal(await storage.exists('uncut', context), true)
  },

  'a cancelled verb does nothing': async ({ storage, context }) => {
    const cancelled = { ...context, signal: AbortSignal.abort() }
    await refuses('Cancelled', storage.create('cancelled', {}, cancelled))
    assert.equal(await storage.exists('cancelled', context), false)
    assert.ok(!(await storage.list(context)).some(({ name }) => name === 'cancelled'))
    await storage.create('cancelled', {}, context)
  },

  'the pool says what it holds': async ({ storage, context }) => {
    const usage = await storage.readUsage(context)
    assert.ok(usage.size_bytes > 0 && usage.used_bytes <= usage.size_bytes && usage.available_bytes <= usage.size_bytes, JSON.stringify(usage))
  },
}
