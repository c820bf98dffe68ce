// namespaces: host (the kernel mounts what is below .zfs in the first mount namespace, and pools are known to all)
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, suite, test } from 'node:test'
import { isAppError, type ErrorCode } from '#contracts/errors.ts'
import { type Context, silentLog } from '#host/context.ts'
import { configReserveBytes } from '#host/pool/config-dataset.ts'
import { closePool, growPool, openPool, type PoolOptions } from '#host/pool/open.ts'
import { readMountAt } from '#host/pool/mounts.ts'
import type { Storage } from '#host/storage.ts'
import { registerStorageSuite } from '#host/storage.suite.ts'
import { put, snapshotNames } from '#host/storage-probes.suite.ts'
import { readPoolKind, removePool } from '../harness/test-pool.ts'

const context: Context = { signal: new AbortController().signal, log: silentLog, now: () => new Date() }
const skip = readPoolKind() === 'zfs' ? false : 'this kernel has no ZFS'

/** A pool on a sparse file of its own, with a name of its own: pools are known to the whole kernel. */
interface Rig {
  directory: string
  options: PoolOptions
  storage: Storage
  sync: () => Promise<void>
  dispose: () => Promise<void>
}

async function makeRig(sizeMiB = 2048): Promise<Rig> {
  const directory = mkdtempSync('/var/tmp/spirula-zfs-')
  const name = `spz${directory.slice(-6)}`
  const mountpoint = join(directory, 'pool')
  const options: PoolOptions = { name, kind: 'zfs', mountpoint, backing_dir: directory, native_dir: directory, size_bytes: sizeMiB * 2 ** 20 }
  const dispose = async (): Promise<void> => await removePool(name, { directory, mountpoint })
  try {
    const { storage } = await openPool(options, context)
    return { directory, options, storage, sync: async () => void zpool('sync', name), dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}

const zfs = (...argv: string[]): string => execFileSync('zfs', argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
const zpool = (...argv: string[]): string => execFileSync('zpool', argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
const refuses = async (code: ErrorCode, act: Promise<unknown>): Promise<void> =>
  await assert.rejects(act, (error) => isAppError(error, code) || assert.fail(error as Error))

suite('zfs', { skip }, () => {
  registerStorageSuite('zfs', async () => ({ ...(await makeRig()), context, enforcesQuota: true, refusesDependents: true }))
})

suite('zfs by itself', { skip }, () => {
  let rig: Rig
  let storage: Storage
  before(async () => {
    rig = await makeRig()
    storage = rig.storage
  })
  after(async () => await rig?.dispose())

  /** Command lines of what `act` does, without the pool's name. */
  const watch = async (act: (watching: Context) => Promise<unknown>): Promise<string[]> => {
    const seen: string[] = []
    await act({ ...context, log: { ...silentLog, debug: (fields) => void seen.push(((fields as { argv?: string[] }).argv ?? []).join(' ')) } })
    return seen.map((line) => line.replaceAll(`${rig.options.name}/`, ''))
  }

  test('each verb on something plain is one start of zfs', async () => {
    const name = { dataset: 'count', snapshot: 's' }
    const seen = await watch(async (watching) => {
      await storage.create('count', { quota_bytes: 2 ** 26 }, watching)
      await storage.snapshot(name, watching)
      await storage.clone(name, 'counted', { quota_bytes: 2 ** 26 }, watching)
      await storage.rollback(name, watching)
      await storage.rename('counted', 'recounted', watching)
      await storage.destroy('recounted', watching)
      await storage.hold(name, 'tag', watching)
      await storage.release(name, 'tag', watching)
      await storage.destroySnapshot(name, watching)
      await storage.destroySnapshot(name, watching)
      await storage.destroy('count', watching)
      await storage.destroy('count', watching)
    })
    assert.equal(seen.length, 12, seen.join('\n'))
    assert.deepEqual((await watch((watching) => storage.list(watching))).length, 1)
  })

  test('what is made is mounted, what is renamed is mounted elsewhere with all below it, what is destroyed is not', async () => {
    await storage.create('tree', {}, context)
    await storage.create('tree/volumes/v', {}, context)
    await storage.rename('tree', 'wood', context)
    for (const name of ['wood', 'wood/volumes', 'wood/volumes/v'])
      assert.equal((await readMountAt(storage.mountpointOf(name)))?.source, `${rig.options.name}/${name}`)
    assert.equal(await readMountAt(storage.mountpointOf('tree')), null)
    assert.equal(existsSync(storage.mountpointOf('tree')), false)
    await storage.destroy('wood', context)
    assert.ok(!readFileSync('/proc/self/mountinfo', 'utf8').includes(storage.mountpointOf('wood')))
    assert.equal(existsSync(storage.mountpointOf('wood')), false)
  })

  test('a dataset in use is Busy and stays whole; one that is let go of meanwhile is waited for', async () => {
    await storage.create('used', {}, context)
    await storage.create('used/data', {}, context)
    await put(storage, 'used/data', 'a', 'kept')
    const file = openSync(join(storage.mountpointOf('used/data'), 'a'), 'r')
    try {
      await refuses('Busy', storage.destroy('used', context))
      await refuses('Busy', storage.rename('used', 'moved', context))
      assert.equal(readFileSync(join(storage.mountpointOf('used/data'), 'a'), 'utf8'), 'kept')
      assert.deepEqual(await Promise.all(['used', 'used/data', 'moved'].map((name) => storage.exists(name, context))), [true, true, false])
      const destroyed = storage.destroy('used', context)
      setTimeout(() => closeSync(file), 700)
      await destroyed
    } finally {
      if (await storage.exists('used', context)) closeSync(file)
    }
    assert.equal(await storage.exists('used', context), false)
  })

  test('a held snapshot keeps the datasets below its own as well', async () => {
    const name = { dataset: 'outer', snapshot: 'kept' }
    await storage.create('outer', {}, context)
    await storage.create('outer/data', {}, context)
    await put(storage, 'outer/data', 'a', 'kept')
    await storage.snapshot({ dataset: 'outer/data', snapshot: 'before' }, context)
    await storage.snapshot(name, context)
    await storage.snapshot({ dataset: 'outer', snapshot: 'later' }, context)
    await storage.hold(name, 'tag', context)
    await refuses('Indestructible', storage.destroy('outer', context))
    assert.equal(readFileSync(join(storage.mountpointOf('outer/data'), 'a'), 'utf8'), 'kept')
    await refuses('Indestructible', storage.destroySnapshot(name, context))
    await storage.release(name, 'tag', context)
    await storage.destroy('outer', context)
  })

  test('a rollback past a snapshot with a clone is Busy and destroys nothing', async () => {
    await storage.create('past', {}, context)
    for (const snapshot of ['one', 'two', 'three']) await storage.snapshot({ dataset: 'past', snapshot }, context)
    await storage.clone({ dataset: 'past', snapshot: 'two' }, 'past-clone', {}, context)
    await refuses('Busy', storage.rollback({ dataset: 'past', snapshot: 'one' }, context))
    assert.deepEqual(await snapshotNames(storage, 'past', context), ['three', 'two', 'one'])
    await refuses('Busy', storage.destroySnapshot({ dataset: 'past', snapshot: 'two' }, context))
    await storage.destroy('past-clone', context)
    await storage.rollback({ dataset: 'past', snapshot: 'one' }, context)
    assert.deepEqual(await snapshotNames(storage, 'past', context), ['one'])
  })

  test('names too long for ZFS are refused, also of what lies below a renamed one', async () => {
    const long = 'x'.repeat(190)
    await storage.create('short', {}, context)
    await storage.create(`short/${long}`, {}, context)
    await refuses('InvalidPayload', storage.create(`short/${long}/${long}`, {}, context))
    await refuses('InvalidPayload', storage.snapshot({ dataset: `short/${long}`, snapshot: long }, context))
    const renamed = await storage.rename('short', 'y'.repeat(100), context).then(
      () => 'done',
      (error: unknown) => error,
    )
    assert.ok(isAppError(renamed, 'InvalidPayload'), String(renamed))
    assert.equal((await readMountAt(storage.mountpointOf(`short/${long}`)))?.type, 'zfs')
    await storage.destroy('short', context)
  })

  test('a dataset that cannot be mounted is taken back', async () => {
    writeFileSync(join(rig.options.mountpoint, 'inway'), 'a file')
    await storage.create('origin', {}, context)
    await storage.snapshot({ dataset: 'origin', snapshot: 's' }, context)
    await assert.rejects(storage.create('inway', {}, context))
    await assert.rejects(storage.clone({ dataset: 'origin', snapshot: 's' }, 'inway', {}, context))
    await assert.rejects(storage.rename('origin', 'inway', context))
    assert.deepEqual([await storage.exists('inway', context), (await readMountAt(storage.mountpointOf('origin')))?.type], [false, 'zfs'])
    assert.equal(readFileSync(join(rig.options.mountpoint, 'inway'), 'utf8'), 'a file')
    rmSync(join(rig.options.mountpoint, 'inway'))
  })

  test('what a stream says of mountpoints is not done', async () => {
    const [name, elsewhere] = [rig.options.name, join(rig.directory, 'elsewhere')]
    await storage.create('foreign', {}, context)
    zfs('set', `mountpoint=${elsewhere}`, `${name}/foreign`)
    await storage.snapshot({ dataset: 'foreign', snapshot: 's' }, context)
    const stream = execFileSync('zfs', ['send', '-p', `${name}/foreign@s`], { maxBuffer: 2 ** 26 })
    await storage.receive('received', Readable.from([stream], { objectMode: false }), context)
    assert.equal(zfs('get', '-H', '-o', 'value', 'mountpoint', `${name}/received`), storage.mountpointOf('received'))
    assert.equal((await readMountAt(storage.mountpointOf('received')))?.type, 'zfs')
    await storage.destroy('foreign', context)
    assert.equal(existsSync(elsewhere) && readdirSync(elsewhere).length > 0, false)
  })

  test('other things on the pool do not disturb: volumes, unmounted datasets, names with blanks', async () => {
    const { name } = rig.options
    zfs('create', '-V', '16M', '-s', `${name}/disk`)
    zfs('create', '-o', 'mountpoint=none', `${name}/none`)
    zfs('create', '-o', 'mountpoint=legacy', `${name}/none/legacy`)
    zfs('create', `${name}/with blank`)
    zfs('snapshot', '-r', `${name}@all`)
    const names = (await storage.list(context)).map((dataset) => dataset.name)
    assert.ok(names.includes('none/legacy') && names.includes('with blank') && !names.includes('disk'), names.join())
    assert.deepEqual(
      (await storage.listAllSnapshots(context)).get('with blank')?.map((shot) => shot.name),
      ['all'],
    )
    zfs('destroy', '-r', `${name}@all`)
    for (const one of ['disk', 'none', 'with blank']) zfs('destroy', '-r', `${name}/${one}`)
  })

  test('snapshots can be looked into below .zfs, and destroyed while they are', async () => {
    const name = { dataset: 'seen', snapshot: 's' }
    await storage.create('seen', {}, context)
    await put(storage, 'seen', 'a', 'then')
    await storage.snapshot(name, context)
    await put(storage, 'seen', 'a', 'now')
    assert.equal(readFileSync(join(storage.mountpointOf('seen'), '.zfs/snapshot/s/a'), 'utf8'), 'then')
    await storage.destroySnapshot(name, context)
    await storage.snapshot(name, context)
    assert.equal(readFileSync(join(storage.mountpointOf('seen'), '.zfs/snapshot/s/a'), 'utf8'), 'now')
    await storage.destroy('seen', context)
  })
})

suite('the ZFS pool on a file', { skip }, () => {
  test('made, adopted, reopened, grown', async () => {
    const rig = await makeRig(512)
    const { options, storage } = rig
    try {
      assert.equal(statSync(options.mountpoint).mode & 0o777, 0o700)
      await storage.create('kept', { quota_bytes: 16 << 20 }, context)
      writeFileSync(join(storage.mountpointOf('kept'), 'a'), 'content', { flush: true })
      assert.equal((await openPool(options, context)).created, false)
      const busy = openSync(join(storage.mountpointOf('kept'), 'a'), 'r')
      await refuses('Busy', closePool(storage, context))
      closeSync(busy)
      // What a busy export unmounted on its way is mounted by the next opening.
      const again = await openPool(options, context)
      assert.equal(readFileSync(join(again.storage.mountpointOf('kept'), 'a'), 'utf8'), 'content')
      await closePool(storage, context)
      await closePool(storage, context)

      const third = await openPool({ ...options, kind: undefined as never, size_bytes: 2 ** 33, mountpoint: join(rig.directory, 'other') }, context)
      assert.deepEqual([third.created, third.storage.mountpoint, third.storage.kind], [false, options.mountpoint, 'zfs'])
      assert.equal((await third.storage.read('kept', context))?.quota_bytes, 16 << 20)
      const small = await third.storage.readUsage(context)
      await growPool('zfs', { ...options, size_bytes: 1024 << 20 }, context)
      const large = await third.storage.readUsage(context)
      assert.ok(large.size_bytes > small.size_bytes + (300 << 20), `${small.size_bytes} → ${large.size_bytes}`)
      await refuses('NotSupported', growPool('zfs', options, context))

      // Imported by somebody else who mounted nothing.
      await closePool(storage, context)
      zpool('import', '-N', '-d', rig.directory, options.name)
      const unmounted = await openPool(options, context)
      assert.equal(readFileSync(join(unmounted.storage.mountpointOf('kept'), 'a'), 'utf8'), 'content')
    } finally {
      await rig.dispose()
    }
  })

  test('what is in the way of a new pool stays as it is', async () => {
    const directory = mkdtempSync('/var/tmp/spirula-zfs-')
    const options = {
      name: `spz${directory.slice(-6)}`,
      kind: 'zfs',
      mountpoint: join(directory, 'taken'),
      backing_dir: directory,
      native_dir: directory,
    } as const
    try {
      mkdirSync(options.mountpoint)
      writeFileSync(join(options.mountpoint, 'mine'), '')
      await refuses('PoolUnavailable', openPool({ ...options, size_bytes: 2 ** 28 }, context))
      assert.deepEqual(readdirSync(directory), ['taken'])
      rmSync(join(options.mountpoint, 'mine'))
      writeFileSync(join(directory, `${options.name}.zfs`), 'the only copy of something')
      await refuses('PoolUnavailable', openPool({ ...options, size_bytes: 2 ** 28 }, context))
      assert.equal(readFileSync(join(directory, `${options.name}.zfs`), 'utf8'), 'the only copy of something')
    } finally {
      await removePool(options.name, { directory, mountpoint: options.mountpoint })
    }
  })

  test("a pool of others is adopted with what is on it; one without a mountpoint, or another's, is refused", async () => {
    const rig = await makeRig(512)
    const { options } = rig
    const name = `${options.name}b`
    const mine = { ...options, name, mountpoint: join(rig.directory, 'second') }
    try {
      execFileSync('truncate', ['-s', '256M', join(rig.directory, 'disk')])
      zpool('create', '-O', `mountpoint=${mine.mountpoint}`, name, join(rig.directory, 'disk'))
      zfs('create', '-p', `${name}/home/ada`)
      zfs('create', '-V', '8M', '-s', `${name}/swap`)
      const { storage, created } = await openPool(mine, context)
      assert.equal(created, false)
      assert.deepEqual((await storage.list(context)).map((dataset) => dataset.name).toSorted(), ['home', 'home/ada'])
      await storage.create('config', {}, context)
      // Its marker names it: under another name it is another's.
      await closePool(storage, context)
      zpool('import', '-d', rig.directory, name, `${name}c`)
      await refuses('PoolUnavailable', openPool({ ...mine, name: `${name}c` }, context))
      zfs('set', 'mountpoint=none', `${name}c`)
      await refuses('PoolUnavailable', openPool({ ...mine, name: `${name}c` }, context))
    } finally {
      for (const other of [name, `${name}c`]) await removePool(other, { directory: rig.directory, mountpoint: '' }).catch(() => {})
      await rig.dispose()
    }
  })

  test('full: NoSpace for all but who has a reservation, opened again, and emptied', async () => {
    const rig = await makeRig(512)
    const { storage, options } = rig
    try {
      await storage.create('config', { reserved_bytes: configReserveBytes }, context)
      await storage.create('filler', {}, context)
      await storage.create('image', {}, context)
      await storage.snapshot({ dataset: 'image', snapshot: 'final' }, context)
      fill(storage.mountpointOf('filler'))
      await rig.sync()
      await refuses('NoSpace', storage.create('more', {}, context))
      await refuses('NoSpace', storage.clone({ dataset: 'image', snapshot: 'final' }, 'more', {}, context))
      await refuses('NoSpace', storage.snapshot({ dataset: 'filler', snapshot: 's' }, context))
      assert.equal(await storage.exists('more', context), false)
      for (let at = 0; at < 8; at += 1) await put(storage, 'config', `record${at}`, Buffer.alloc(1 << 16, 'x'))
      await closePool(storage, context)
      const { storage: again } = await openPool(options, context)
      await put(again, 'config', 'after', 'written')
      const { available_bytes } = await again.readUsage(context)
      assert.ok(available_bytes < 8 << 20, String(available_bytes))
      await again.destroy('filler', context)
      zpool('wait', '-t', 'free', options.name)
      await again.create('more', {}, context)
    } finally {
      await rig.dispose()
    }
  })
})

/** Until the file system says that it is full; in pieces, since the last bytes before a limit are slow on ZFS. */
function fill(directory: string): void {
  const block = Buffer.alloc(4 << 20)
  for (let at = 0; at < 1000; at += 1) {
    try {
      crypto.getRandomValues(new Uint8Array(block.buffer, block.byteOffset, 65_536))
      for (let offset = 65_536; offset < block.length; offset += 65_536) block.copy(block, offset, 0, 65_536)
      writeFileSync(join(directory, `fill${at}`), block, { flush: true })
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC')
      return
    }
  }
  assert.fail('the pool never became full')
}
