import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { ensureLxcfs } from '#host/crun/lxcfs.ts'
import { run } from '#host/run/run.ts'
import { nextExit } from '#host/runtime.suite.ts'
import { ensureImageFile } from '../../src/image/ensure.ts'
import { debian13 } from '../../src/image/profiles/debian-13.ts'
import { context, realFixture, shell, startZone, waitFor } from './runtime-fixture.ts'

const cache = '/var/cache/spirula/test'
const tree = join(cache, 'debian-13')

/** The tree of the Debian image that every node gets, unpacked once. */
async function ensureDebianTree(): Promise<void> {
  if (existsSync(tree)) return
  const { file } = await ensureImageFile(debian13, '/var/cache/spirula/images', context)
  const making = `${tree}.${process.pid}`
  await mkdir(making, { recursive: true })
  await run(['tar', '--extract', '--zstd', '--numeric-owner', '--xattrs', '--file', file, '--directory', making], { timeoutMs: 300_000 }, context)
  await rename(making, tree)
}

test('Debian 13 boots with systemd as init: running, nothing failed, and halts on SIGRTMIN+3', { timeout: 400_000 }, async (t) => {
  await ensureDebianTree()
  const fixture = await realFixture(t, { root: '/', lxcfs: true })
  await ensureLxcfs(fixture.options.lxcfs!, context)
  const root = join(fixture.base, 'debian')
  // With room for shared blocks where the file system has them.
  await run(['cp', '-a', '--reflink=auto', tree, root], {}, context)
  t.after(async () => await rm(root, { recursive: true, force: true }))
  await writeFile(join(root, 'etc/machine-id'), '')
  await rm(join(root, 'etc/hostname'), { force: true })
  const { runtime } = fixture
  const zone = await startZone(fixture, {
    root,
    init: ['/sbin/init'],
    systemd: true,
    limits: { max_physical_memory: 512, max_swap: 512, max_locked_memory: 512, cpu_cap: 100, cpu_shares: 100, max_lwps: 500, zfs_io_priority: 100 },
  })
  const state = async (): Promise<string> => (await runtime.exec(zone.uuid, ['systemctl', 'is-system-running'], { timeout_ms: 20_000 }, context)).stdout.trim()
  await waitFor(
    async () => ['running', 'degraded'].includes(await state()),
    () => `no end of boot: ${readFileSync(zone.log_path, 'utf8').slice(-2000)}`,
  )
  assert.equal(await shell(runtime, zone.uuid, 'systemctl --failed --no-legend --plain'), '')
  assert.equal(await state(), 'running')
  assert.equal(
    await shell(runtime, zone.uuid, 'cat /proc/1/cgroup | tail -n 1; stat -fc %T /sys/fs/cgroup; hostname; systemd-detect-virt'),
    '0::/init.scope\ncgroup2fs\nweb01\ncontainer-other',
  )
  // Units with sandboxes of their own start, so the user namespace is open to systemd.
  assert.equal(
    await shell(
      runtime,
      zone.uuid,
      'systemd-run --wait --pipe -q -p PrivateTmp=yes -p ProtectSystem=strict -p DynamicUser=yes sh -c "test \\$(id -u) != 0 && ! touch /etc/x 2>/dev/null && echo confined"',
    ),
    'confined',
  )
  assert.equal(await shell(runtime, zone.uuid, "free -m | awk '/^Mem/ {print $2}'; getconf _NPROCESSORS_ONLN"), '512\n1')
  const exit = nextExit(runtime)
  await runtime.signal(zone.uuid, 'SIGRTMIN+3', context)
  assert.equal((await exit).exit_status, -2)
  await runtime.remove(zone.uuid, context)
  assert.deepEqual(fixture.cgroupDirectories(zone.uuid), [])
})
