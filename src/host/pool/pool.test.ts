import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { AppError, isAppError } from '#contracts/errors.ts'
import { type Context, silentLog } from '../context.ts'
import { CommandFailure } from '../run/run.ts'
import { readFileKind } from './btrfs-pool.ts'
import { ensureMarker } from './marker.ts'
import { parseMountInfo } from './mounts.ts'
import { checkDatasetName, depthOf, parentOf, parseSnapshotName, renameBelow } from './name.ts'
import { openPool } from './open.ts'
import { closeZfsPool, createZfsPool, findZfsPool } from './zfs-pool.ts'
import type { ZfsRunner } from '../zfs/runner.ts'

const context: Context = { signal: new AbortController().signal, log: silentLog, now: () => new Date('2026-11-23T00:00:00Z') }
let directory: string
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spirula-pool-'))
})
after(async () => await rm(directory, { recursive: true }))

test('names', () => {
  for (const good of ['config', 'U/data', '0c1f7a3e-7a6e-4dcb-8b3e-1f0f1d5f9c11/volumes/v.1:2']) checkDatasetName(good)
  for (const bad of ['.spirula', 'a/.fs', 'a/b/c/d/e/f/g/h/i', 'x'.repeat(201)])
    assert.throws(
      () => checkDatasetName(bad),
      (error) => isAppError(error, 'InvalidPayload'),
      bad,
    )
  assert.deepEqual([parentOf('a/b/c'), parentOf('a'), depthOf('a/b/c')], ['a/b', null, 3])
  assert.deepEqual([parseSnapshotName('a/b@c'), parseSnapshotName('a')], [{ dataset: 'a/b', snapshot: 'c' }, null])
  assert.deepEqual([renameBelow('a/b', 'a', 'z'), renameBelow('a', 'a', 'z'), renameBelow('ab', 'a', 'z')], ['z/b', 'z', null])
})

test('mountinfo: optional tags, octal blanks', () => {
  const text = '36 35 98:0 / /mnt\\040two rw,noatime master:1 shared:2 - ext3 /dev/root rw\n44 27 0:43 /sub /zones rw - btrfs /dev/loop1 rw,subvolid=5\n'
  assert.deepEqual(parseMountInfo(text), [
    { root: '/', mountpoint: '/mnt two', type: 'ext3', source: '/dev/root' },
    { root: '/sub', mountpoint: '/zones', type: 'btrfs', source: '/dev/loop1' },
  ])
})

test('what is in the way of a pool is named and stays as it is', async () => {
  const options = {
    name: 'zones',
    mountpoint: join(directory, 'zones'),
    backing_dir: directory,
    native_dir: directory,
    size_bytes: 2 ** 30,
    kind: 'btrfs',
  } as const
  const file = join(directory, 'zones.btrfs')
  await writeFile(file, 'the only copy of something')
  assert.equal(await readFileKind(file), 'foreign')
  await assert.rejects(openPool(options, context), (error) => isAppError(error, 'PoolUnavailable') && error.message.includes(file))
  assert.equal(await readFile(file, 'utf8'), 'the only copy of something')
  await rm(file)
  assert.equal(await readFileKind(file), 'absent')
  await writeFile(join(options.mountpoint, 'mine'), '')
  await assert.rejects(openPool(options, context), (error) => isAppError(error, 'PoolUnavailable') && error.message.includes(options.mountpoint))
  assert.deepEqual(await readdir(options.mountpoint), ['mine'])
  await rm(join(options.mountpoint, 'mine'))
  await assert.rejects(openPool({ ...options, size_bytes: 1000 }, context), (error) => isAppError(error, 'InvalidPayload'))
  assert.deepEqual(
    (await readdir(directory)).filter((name) => name.startsWith('zones.')),
    [],
  )
})

test('the marker is written once, and names the pool', async () => {
  const mountpoint = join(directory, 'marked')
  await mkdir(mountpoint)
  const first = await ensureMarker(mountpoint, 'zones', context)
  assert.deepEqual({ ...first, uuid: '' }, { v: 1, name: 'zones', uuid: '', created_at: '2026-11-23T00:00:00.000Z' })
  assert.deepEqual(await ensureMarker(mountpoint, 'zones', context), first)
  await assert.rejects(ensureMarker(mountpoint, 'tank', context), (error) => isAppError(error, 'PoolUnavailable') && /zones/.test(error.message))
  await writeFile(join(mountpoint, '.spirula/pool.json'), '{"v":2}')
  await assert.rejects(ensureMarker(mountpoint, 'zones', context), (error) => isAppError(error, 'StateCorrupt'))
})

test('a ZFS pool is looked for, imported, and made on a file only when there is none', async () => {
  const seen: string[] = []
  const answers: Record<string, number> = {}
  let complaint = "cannot import 'tank': no such pool available\n"
  const runner: ZfsRunner = {
    async run(argv) {
      seen.push(argv.join(' '))
      const exitCode = answers[argv.slice(0, 2).join(' ')] ?? 0
      return { stdout: '', stderr: exitCode === 0 ? '' : complaint, exitCode }
    },
    source: () => assert.fail(),
    sink: () => assert.fail(),
  }
  const options = { name: 'tank', mountpoint: join(directory, 'tank'), backing_dir: join(directory, 'backing'), native_dir: directory, size_bytes: 2 ** 30 }
  assert.equal(await findZfsPool(options, runner, context), true)
  assert.deepEqual(seen.splice(0), ['zpool list -H -o name tank'])
  answers['zpool list'] = 1
  assert.equal(await findZfsPool(options, runner, context), true)
  assert.deepEqual(seen.splice(0), ['zpool list -H -o name tank', `zpool import -d ${options.backing_dir} tank`])
  answers['zpool import'] = 1
  assert.equal(await findZfsPool(options, runner, context), false)
  assert.deepEqual(seen.splice(0), ['zpool list -H -o name tank', `zpool import -d ${options.backing_dir} tank`, 'zpool import tank'])
  complaint = "cannot import 'tank': pool was previously in use from another system.\n"
  await assert.rejects(findZfsPool(options, runner, context), (error) => isAppError(error, 'PoolUnavailable'))
  seen.length = 0
  await createZfsPool(options, runner, context)
  assert.match(seen[0] ?? '', /^zpool create .*-O atime=off .*mountpoint=\S+tank tank \S+backing\/tank\.zfs$/)
  assert.equal((await stat(join(options.backing_dir, 'tank.zfs'))).size, 2 ** 30)
  await assert.rejects(createZfsPool(options, runner, context), (error) => isAppError(error, 'PoolUnavailable'))
})

test('a ZFS pool that is not there is closed; one that cannot be unmounted is not', async () => {
  const answering = (stderr: string): ZfsRunner => ({
    async run(argv) {
      throw new AppError('CommandFailed', 'The program zpool failed.', { cause: new CommandFailure(argv, 1, null, stderr) })
    },
    source: () => assert.fail(),
    sink: () => assert.fail(),
  })
  await closeZfsPool('tank', answering("cannot open 'tank': no such pool\n"), context)
  // As a mount that was gone already is reported.
  const unmounting = answering("cannot unmount '/tank/kept': no such pool or dataset\n")
  await assert.rejects(closeZfsPool('tank', unmounting, context), (error) => isAppError(error, 'CommandFailed'))
})
