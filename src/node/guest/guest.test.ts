import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { createRecord } from '#plan/metadata/record.fixture.ts'
import { planGuestMounts } from './mounts.ts'
import { installNative } from './native.ts'
import { hasGuestWork } from './guest-work.ts'
import { writeSeed } from './seed.ts'

const uid = process.getuid?.() ?? 0
const guestSource = resolve(import.meta.dirname, '../../../guest')

test('zones are handed read-only mounts only, each after the one it lies on', () => {
  const options = { uuid: 'u', brand: 'lx', nativeDir: '/n', zoneRunDir: '/r/u' } as const
  const plain = planGuestMounts({ ...options, systemd: false, hasCloudInit: false })
  assert.deepEqual(
    plain.map(({ source, target }) => `${source} ${target}`),
    ['/n /native', '/r/u/zonecontrol /native/.zonecontrol', '/r/u/zonecontrol /.zonecontrol'],
  )
  const all = planGuestMounts({ ...options, systemd: true, hasCloudInit: true })
  assert.deepEqual(
    all.slice(3).map(({ source, target }) => `${source} ${target}`),
    [
      '/n/lib/systemd/spirula-mdata.service /run/systemd/system/spirula-mdata.service',
      '/n/lib/systemd/multi-user.target.d/spirula.conf /run/systemd/system/multi-user.target.d/spirula.conf',
      '/r/u/seed /var/lib/cloud/seed/nocloud',
    ],
  )
  for (const mount of all) assert.ok(mount.read_only && !mount.idmap && mount.options?.includes('nosuid'), mount.target)
  assert.ok(!all[0]?.options?.includes('noexec'))
})

test('what is mounted is what is installed, and a second install changes nothing', async () => {
  await withDirectory(async (directory) => {
    await mkdir(join(directory, 'build'))
    await writeFile(join(directory, 'build/mdata'), 'program')
    const native = join(directory, 'native')
    await installNative(native, join(directory, 'build'), guestSource)
    const mounts = planGuestMounts({ uuid: 'u', brand: 'lx', systemd: true, hasCloudInit: false, nativeDir: native, zoneRunDir: '/r/u' })
    for (const { source } of mounts.filter((mount) => mount.source.startsWith(native))) await stat(source)
    assert.ok((await stat(join(native, '.zonecontrol'))).isDirectory())
    assert.equal(await readlink(join(native, 'usr/sbin/mdata-get')), 'mdata')
    assert.equal((await stat(join(native, 'lib/mdata-execute'))).mode & 0o777, 0o755)

    const before = await stat(join(native, 'usr/sbin/mdata'))
    await installNative(native, join(directory, 'build'), guestSource)
    assert.equal((await stat(join(native, 'usr/sbin/mdata'))).ino, before.ino)
    await writeFile(join(directory, 'build/mdata'), 'newer')
    await installNative(native, join(directory, 'build'), guestSource)
    assert.equal(await readFile(join(native, 'usr/sbin/mdata'), 'utf8'), 'newer')
  })
})

test('the seed is kept in step, for the root of the zone alone', async () => {
  await withDirectory(async (directory) => {
    const seed = join(directory, 'seed')
    const record = createRecord({ internal: { uid_base: uid }, customer_metadata: { 'user-data': 'one' } })
    await writeSeed(seed, record)
    const file = await stat(join(seed, 'user-data'))
    const meta = await stat(join(seed, 'meta-data'))
    assert.deepEqual([file.mode & 0o777, file.uid, (await stat(seed)).mode & 0o777], [0o600, uid, 0o755])
    record.customer_metadata['user-data'] = 'two'
    await writeSeed(seed, record)
    assert.equal(await readFile(join(seed, 'user-data'), 'utf8'), 'two')
    assert.equal((await stat(join(seed, 'meta-data'))).ino, meta.ino)
  })
})

test('mdata-execute is needed at the first boot, and when there is something for it', () => {
  assert.equal(hasGuestWork(createRecord()), false)
  for (const key of ['user-script', 'user-data', 'root_authorized_keys']) assert.equal(hasGuestWork(createRecord({ customer_metadata: { [key]: 'x' } })), true)
  assert.equal(hasGuestWork(createRecord({ internal_metadata: { 'operator-script': 'x' } })), true)
})

async function withDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'spirula-guest-'))
  try {
    await work(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
