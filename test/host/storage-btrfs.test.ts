import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAppError } from '#contracts/errors.ts'
import { createBtrfsStorage, prepareBtrfs } from '#host/btrfs/btrfs.ts'
import { type Context, silentLog } from '#host/context.ts'
import { closePool, growPool, openPool, type PoolOptions } from '#host/pool/open.ts'
import type { Storage } from '#host/storage.ts'
import { registerStorageSuite } from '#host/storage.suite.ts'

const context: Context = { signal: new AbortController().signal, log: silentLog, now: () => new Date() }

/** A btrfs on a sparse file of its own, mounted below /tmp; `dispose` takes all away. */
interface Rig {
  directory: string
  mountpoint: string
  helper: `/${string}`
  storage: Storage
  sync: () => Promise<void>
  dispose: () => Promise<void>
}

async function makeRig(mode: 'simple' | 'classic', sizeMiB = 2048): Promise<Rig> {
  const directory = mkdtempSync(join(tmpdir(), `spirula-btrfs-${process.pid}-`))
  const mountpoint = join(directory, 'pool')
  const file = join(directory, 'pool.btrfs')
  const helper = join(directory, 'btrfs-steps') as `/${string}`
  const dispose = async (): Promise<void> => {
    try {
      execFileSync('umount', ['-l', mountpoint], { stdio: 'ignore' })
    } catch {
      // It was never mounted.
    }
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    mkdirSync(mountpoint)
    buildHelper(helper)
    execFileSync('truncate', ['-s', `${sizeMiB}M`, file])
    execFileSync('mkfs.btrfs', ['-q', '-m', 'single', file], { stdio: 'ignore' })
    execFileSync('mount', ['-o', 'loop,noatime', file, mountpoint])
    assert.equal(await prepareBtrfs({ pool: 'zones', mountpoint, helper, mode }, context), mode)
  } catch (error) {
    await dispose()
    throw error
  }
  const sync = async (): Promise<void> => void execFileSync('btrfs', ['filesystem', 'sync', mountpoint])
  return { directory, mountpoint, helper, storage: createBtrfsStorage({ pool: 'zones', mountpoint, helper }), sync, dispose }
}

function buildHelper(path: string): void {
  execFileSync('musl-gcc', ['-static', '-Os', '-s', '-o', path, join(import.meta.dirname, '../../native/btrfs-steps.c')])
}

for (const mode of ['simple', 'classic'] as const) {
  suite(`btrfs, ${mode} quotas`, () => {
    registerStorageSuite(`btrfs ${mode}`, async () => ({ ...(await makeRig(mode)), context, enforcesQuota: true, refusesDependents: false }))
  })
}

suite('btrfs by itself', () => {
  let rig: Rig
  before(async () => {
    rig = await makeRig('simple')
  })
  after(async () => await rig?.dispose())

  const subvolumes = (): string[] => execFileSync('btrfs', ['subvolume', 'list', rig.mountpoint]).toString().trim().split('\n').filter(Boolean)
  const groups = (): string => execFileSync('btrfs', ['qgroup', 'show', '--raw', '-pcre', rig.mountpoint], { stdio: 'pipe' }).toString()

  test('a guest that makes subvolumes in its tree cannot escape its quota, nor be undestroyable', async () => {
    const { storage } = rig
    await storage.create('guest', { quota_bytes: 24 << 20 }, context)
    const root = storage.mountpointOf('guest')
    execFileSync('btrfs', ['subvolume', 'create', join(root, 'machines')], { stdio: 'ignore' })
    execFileSync('btrfs', ['subvolume', 'create', join(root, 'machines/inner one')], { stdio: 'ignore' })
    assert.throws(() => writeFileSync(join(root, 'machines/inner one/big'), randomBytes(40 << 20), { flush: true }), { errno: -122 })
    await storage.snapshot({ dataset: 'guest', snapshot: 's' }, context).catch((error: unknown) => assert.ok(isAppError(error, 'NoSpace'), String(error)))
    await storage.setQuota('guest', 64 << 20, context)
    await storage.snapshot({ dataset: 'guest', snapshot: 't' }, context)
    await storage.rollback({ dataset: 'guest', snapshot: 't' }, context)
    assert.equal((await storage.read('guest', context))?.quota_bytes, 64 << 20)
    execFileSync('btrfs', ['subvolume', 'create', join(root, 'again')], { stdio: 'ignore' })
    await storage.destroy('guest', context)
    assert.equal(await storage.exists('guest', context), false)
    assert.deepEqual(
      subvolumes().filter((line) => line.includes('guest')),
      [],
    )
  })

  test('quota groups of what was destroyed do not pile up', async () => {
    const { storage } = rig
    for (let at = 0; at < 20; at += 1) {
      await storage.create(`many${at}`, {}, context)
      await storage.snapshot({ dataset: `many${at}`, snapshot: 's' }, context)
      await storage.destroy(`many${at}`, context)
    }
    await clean(rig)
    const again = createBtrfsStorage({ pool: 'zones', mountpoint: rig.mountpoint, helper: rig.helper })
    await again.create('last', {}, context)
    await again.destroy('last', context)
    const left = groups()
      .split('\n')
      .filter((line) => /^\d+\//.test(line) && !line.startsWith('0/5 ') && !line.includes('last') && !line.includes('<stale>'))
    assert.deepEqual(await storage.list(context), [])
    assert.ok(left.length <= 1, left.join('\n'))
  })

  test('a killed daemon: every half-made state is ended or unwound by the next start', async () => {
    const { storage, mountpoint } = rig
    const own = join(mountpoint, '.spirula')
    const prepare = async (): Promise<unknown> => await prepareBtrfs({ pool: 'zones', mountpoint, helper: rig.helper }, context)
    const btrfs = (...argv: string[]): void => void execFileSync('btrfs', argv, { stdio: 'ignore' })
    // A create that came as far as its directory and group.
    mkdirSync(join(own, 'datasets/half/.group.77'), { recursive: true })
    btrfs('qgroup', 'create', '15/77', mountpoint)
    // A rollback before its first rename, and one after it.
    for (const name of ['before', 'after']) {
      await storage.create(name, {}, context)
      writeFileSync(join(storage.mountpointOf(name), 'a'), 'old')
      await storage.snapshot({ dataset: name, snapshot: 's' }, context)
      writeFileSync(join(storage.mountpointOf(name), 'a'), 'new')
      mkdirSync(join(own, 'datasets', name, '.rollback'))
      btrfs('subvolume', 'snapshot', join(own, 'datasets', name, '.snapshots/s/s'), join(own, 'datasets', name, '.rollback/new'))
    }
    execFileSync('mv', ['-T', join(mountpoint, 'after'), join(own, 'datasets/after/.rollback/old')])
    // A rename between its two moves.
    await storage.create('moving', {}, context)
    await storage.snapshot({ dataset: 'moving', snapshot: 's' }, context)
    await storage.clone({ dataset: 'moving', snapshot: 's' }, 'of-moving', {}, context)
    mkdirSync(join(own, 'intents/moving=moved'), { recursive: true })
    mkdirSync(join(own, 'intents/limit=15%2F4711=1048576'), { recursive: true })
    execFileSync('mv', ['-T', join(mountpoint, 'moving'), join(mountpoint, 'moved')])
    // A destroy that came as far as the subvolume; a snapshot and a receive that came as far as their directories.
    await storage.create('dying', {}, context)
    btrfs('subvolume', 'delete', join(mountpoint, 'dying'))
    mkdirSync(join(own, 'datasets/before/.snapshots/never'))
    btrfs('subvolume', 'create', join(own, 'datasets/before/.snapshots/.receiving'))
    rmSync(join(own, 'datasets/before/.snapshots/.receiving'), { recursive: true })
    mkdirSync(join(own, 'datasets/before/.snapshots/.receiving'))
    btrfs('subvolume', 'create', join(own, 'datasets/before/.snapshots/.receiving/x'))

    await prepare()
    await prepare()
    const read = async (name: string): Promise<string> => execFileSync('cat', [join(storage.mountpointOf(name), 'a')]).toString()
    assert.equal(await read('before'), 'new')
    assert.equal(await read('after'), 'old')
    assert.deepEqual(await storage.listSnapshots('moved', context).then((list) => list.map(({ name }) => name)), ['s'])
    assert.equal((await storage.read('of-moving', context))?.origin?.dataset, 'moved')
    assert.deepEqual((await storage.list(context)).map(({ name }) => name).toSorted(), ['after', 'before', 'moved', 'of-moving'])
    assert.deepEqual(readdirSync(join(own, 'datasets')).toSorted(), ['after', 'before', 'moved', 'of-moving'])
    assert.deepEqual(readdirSync(join(own, 'datasets/before/.snapshots')), ['s'])
    assert.deepEqual(readdirSync(join(own, 'intents')), [])
    assert.equal(subvolumes().length, 7, subvolumes().join('\n'))
    // And a destroy may always be repeated over any of it.
    for (const name of ['before', 'after', 'moved', 'of-moving', 'half', 'dying']) await storage.destroy(name, context)
    assert.deepEqual(subvolumes(), [])
    assert.doesNotMatch(groups(), /^15\/77 /m)
  })

  test('SIGKILL at 25 random moments of a mixed load: the next start leaves only whole things', async () => {
    const { storage, mountpoint } = rig
    const own = join(mountpoint, '.spirula')
    for (let kill = 0; kill < 25; kill += 1) {
      await killedChurn(rig, 120 + ((kill * 37) % 160))
      await prepareBtrfs({ pool: 'zones', mountpoint, helper: rig.helper }, context)
      const datasets = await storage.list(context)
      const shots = await storage.listAllSnapshots(context)
      const expected = datasets.flatMap(({ name, mountpoint: at }) => [
        at,
        ...(shots.get(name) ?? []).map((shot) => join(own, 'datasets', name, '.snapshots', shot.name, shot.name)),
      ])
      const found = subvolumes().map((line) => join(mountpoint, line.replace(/^.* path /, '')))
      assert.deepEqual(found.toSorted(), expected.toSorted())
      assert.deepEqual(readdirSync(join(own, 'intents')), [])
      for (const { name, quota_bytes } of datasets) if (!name.includes('/')) assert.equal(quota_bytes, 64 << 20, name)
      const directories = readdirSync(join(own, 'datasets'))
      assert.deepEqual(
        directories.toSorted(),
        datasets
          .map(({ name }) => name)
          .filter((name) => !name.includes('/'))
          .toSorted(),
      )
    }
    for (const { name } of await storage.list(context)) await storage.destroy(name, context)
    assert.deepEqual(subvolumes(), [])
  })

  test('a directory in the way is a refusal, not a place to nest in', async () => {
    mkdirSync(join(rig.mountpoint, 'inway'))
    await assert.rejects(rig.storage.create('inway', {}, context), (error) => isAppError(error, 'DatasetExists'))
    assert.deepEqual(readdirSync(join(rig.mountpoint, 'inway')), [])
  })
})

suite('the pool on a file', () => {
  let directory: string
  before(() => {
    directory = mkdtempSync(join(tmpdir(), `spirula-pool-${process.pid}-`))
    buildHelper(join(directory, 'btrfs-steps'))
  })
  after(async () => {
    await closePool({ kind: 'btrfs', pool: 'tank', mountpoint: join(directory, 'tank') }, context)
    rmSync(directory, { recursive: true, force: true })
  })

  test('made, adopted, reopened, grown; its loop device goes with the mount', async () => {
    const options: PoolOptions = {
      name: 'tank',
      kind: 'btrfs',
      mountpoint: join(directory, 'tank'),
      backing_dir: directory,
      native_dir: directory,
      size_bytes: 300 << 20,
    }
    // What a killed mkfs left does not stand in the way.
    writeFileSync(join(directory, 'tank.btrfs.new'), 'half')
    const first = await openPool(options, context)
    assert.equal(first.created, true)
    assert.equal(statSync(options.mountpoint).mode & 0o777, 0o700)
    await first.storage.create('kept', { quota_bytes: 16 << 20 }, context)
    writeFileSync(join(first.storage.mountpointOf('kept'), 'a'), 'content', { flush: true })

    const started: unknown[] = []
    const watching: Context = { ...context, log: { ...silentLog, debug: (fields) => void started.push(fields) } }
    const second = await openPool(options, watching)
    assert.deepEqual([second.created, started], [false, []])
    await assert.rejects(openPool({ ...options, name: 'other' }, context), (error) => isAppError(error, 'PoolUnavailable'))

    await closePool(second.storage, context)
    await closePool(second.storage, context)
    assert.doesNotMatch(execFileSync('losetup', ['-a']).toString(), new RegExp(directory))
    const third = await openPool({ ...options, size_bytes: 900 << 20 }, context)
    assert.equal(third.created, false)
    assert.equal(readFileSync(join(third.storage.mountpointOf('kept'), 'a'), 'utf8'), 'content')
    assert.equal((await third.storage.read('kept', context))?.quota_bytes, 16 << 20)

    const before = await third.storage.readUsage(context)
    await growPool('btrfs', { ...options, size_bytes: 700 << 20 }, context)
    const after = await third.storage.readUsage(context)
    assert.deepEqual([before.size_bytes, after.size_bytes], [300 << 20, 700 << 20])
    await assert.rejects(growPool('btrfs', options, context), (error) => isAppError(error, 'NotSupported'))

    const busy = openSync(join(third.storage.mountpointOf('kept'), 'a'), 'r')
    await assert.rejects(closePool(third.storage, context), (error) => isAppError(error, 'Busy'))
    closeSync(busy)
  })

  test('something else at the mountpoint is refused', async () => {
    const mountpoint = join(directory, 'taken')
    mkdirSync(mountpoint)
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', mountpoint])
    try {
      await assert.rejects(
        openPool({ name: 'taken', kind: 'btrfs', mountpoint, backing_dir: directory, native_dir: directory, size_bytes: 300 << 20 }, context),
        (error) => isAppError(error, 'PoolUnavailable'),
      )
      assert.equal(existsSync(join(directory, 'taken.btrfs')), false)
    } finally {
      execFileSync('umount', [mountpoint])
    }
  })
})

test('a full pool is NoSpace and leaves nothing of what was refused', async () => {
  const rig = await makeRig('simple', 256)
  const { storage } = rig
  try {
    await storage.create('filler', {}, context)
    assert.throws(() => writeFileSync(join(storage.mountpointOf('filler'), 'all'), randomBytes(300 << 20), { flush: true }), { code: 'ENOSPC' })
    await storage.create('source', {}, context).catch(() => {})
    const usage = await storage.readUsage(context)
    assert.ok(usage.available_bytes < 4 << 20, JSON.stringify(usage))
    // Metadata has room of its own for a while; take it until it is refused.
    let refusal: unknown = null
    const before = new Set<string>()
    for (let at = 0; at < 20_000 && refusal === null; at += 1) {
      refusal = await storage.create(`d${at}`, {}, context).then(
        () => null,
        (error: unknown) => error,
      )
      if (refusal === null) before.add(`d${at}`)
      else assert.equal(await storage.exists(`d${at}`, context), false)
      if (at % 20 === 0) await fillWithNames(join(storage.mountpointOf('filler')), at)
    }
    assert.ok(isAppError(refusal, 'NoSpace'), String(refusal))
    assert.deepEqual(new Set((await storage.list(context)).map(({ name }) => name).filter((name) => /^d\d/.test(name))), before)
    await storage.destroy('filler', context)
    await clean(rig)
    // All chunks had become data ones; the kernel gives empty ones back once it has discarded them (10 s).
    const deadline = Date.now() + 60_000
    while (
      !(await storage.create('room-again', {}, context).then(
        () => true,
        (error: unknown) => (Date.now() > deadline ? Promise.reject(error) : false),
      ))
    ) {
      await sleep(500)
      await rig.sync()
    }
  } finally {
    await rig.dispose()
  }
})

/** A process that creates, clones, snapshots, rolls back, renames and destroys at random, killed after a while. */
async function killedChurn({ mountpoint, helper }: Rig, afterMs: number): Promise<void> {
  const code = `
    import { createBtrfsStorage } from '#host/btrfs/btrfs.ts'
    const context = { signal: new AbortController().signal, log: { debug() {}, info() {}, warn() {}, error() {} }, now: () => new Date() }
    const storage = createBtrfsStorage(${JSON.stringify({ pool: 'zones', mountpoint, helper })})
    const pick = (list) => list[Math.floor(Math.random() * list.length)]
    const names = ['k1', 'k2', 'k3', 'k4']
    const options = { quota_bytes: 64 << 20 }
    console.log('ready')
    for (;;) {
      const [dataset, other, snapshot] = [pick(names), pick(names), pick(['s1', 's2'])]
      await pick([
        () => storage.create(dataset, options, context),
        () => storage.create(dataset + '/data', {}, context),
        () => storage.clone({ dataset, snapshot }, other, options, context),
        () => storage.snapshot({ dataset, snapshot }, context),
        () => storage.rollback({ dataset, snapshot }, context),
        () => storage.rename(dataset, other, context),
        () => storage.destroySnapshot({ dataset, snapshot }, context),
        () => storage.destroy(dataset, context),
      ])().catch((error) => { if (error.name !== 'AppError' || error.code === 'CommandFailed') { console.log(error); process.exit(1) } })
    }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { cwd: join(import.meta.dirname, '../..'), stdio: ['ignore', 'pipe', 'inherit'] })
  const said: string[] = []
  const ready = Promise.withResolvers<void>()
  child.stdout.on('data', (chunk: Buffer) => {
    said.push(chunk.toString())
    ready.resolve()
  })
  const ended = once(child, 'exit')
  await Promise.race([ready.promise, ended])
  await sleep(afterMs)
  child.kill('SIGKILL')
  assert.deepEqual((await ended)[1], 'SIGKILL', said.join(''))
  // What it had started ends by itself.
  await sleep(20)
}

/** Has the kernel free what was deleted; without the commit it would wait for the next one, up to 30 s. */
async function clean(rig: Rig): Promise<void> {
  await rig.sync()
  execFileSync('btrfs', ['subvolume', 'sync', rig.mountpoint], { stdio: 'ignore' })
  await rig.sync()
}

/** Small files live in the metadata: this fills it. */
async function fillWithNames(directory: string, serial: number): Promise<void> {
  try {
    for (let at = 0; at < 4000; at += 1) writeFileSync(join(directory, `${serial}-${at}`), randomBytes(1500))
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC')
  }
  assert.ok(statSync(directory).isDirectory())
}
