import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { checkLxcfs, ensureLxcfs, isLxcfsAlive } from '#host/crun/lxcfs.ts'
import { ensureHostLimits } from '#host/crun/host-limits.ts'
import { context, keeper, readLxcfsPid, type RealFixture, realFixture, shell, startZone, waitFor } from './runtime-fixture.ts'

async function fixtureWithLxcfs(t: TestContext): Promise<RealFixture & { directory: string }> {
  const fixture = await realFixture(t, { lxcfs: true })
  const directory = fixture.options.lxcfs!
  assert.equal(await ensureLxcfs(directory, context), true)
  return { ...fixture, directory }
}

const memoryKiB = "awk '/^MemTotal/ {print $2}' /proc/meminfo"

test('limits are seen from inside and change live', async (t) => {
  const fixture = await fixtureWithLxcfs(t)
  const { runtime } = fixture
  assert.equal(await ensureLxcfs(fixture.directory, context), false)
  const limits = { max_physical_memory: 256, max_swap: 256, max_locked_memory: 8, cpu_cap: 100, cpu_shares: 100, max_lwps: 200, zfs_io_priority: 100 }
  const zone = await startZone(fixture, { limits })
  assert.equal(await shell(runtime, zone.uuid, memoryKiB), String(256 * 1024))
  assert.equal(await shell(runtime, zone.uuid, 'grep -c ^processor /proc/cpuinfo'), '1')
  await runtime.setLimits(zone.uuid, { ...limits, max_physical_memory: 512, max_swap: 600, cpu_cap: null }, context)
  assert.equal(await shell(runtime, zone.uuid, memoryKiB), String(512 * 1024))
  const hostCpus = readFileSync('/proc/cpuinfo', 'utf8').match(/^processor/gm)!.length
  assert.equal(await shell(runtime, zone.uuid, 'grep -c ^processor /proc/cpuinfo'), String(hostCpus))
  await runtime.setLimits(zone.uuid, { ...limits, max_physical_memory: 128, max_swap: 128 }, context)
  assert.equal(await shell(runtime, zone.uuid, memoryKiB), String(128 * 1024))
})

test('limits act: memory, processes, CPU', async (t) => {
  const fixture = await realFixture(t)
  const { runtime } = fixture
  const limits = { max_physical_memory: 64, max_swap: 64, max_locked_memory: 8, cpu_cap: 20, cpu_shares: 100, max_lwps: 20, zfs_io_priority: 100 }
  // An init that reaps what others leave behind, or the dead would count against max_lwps.
  const zone = await startZone(fixture, { limits, init: ['/bin/sh', '-c', 'while :; do sleep 0.1; done'] })
  const greedy = await runtime.exec(zone.uuid, ['/bin/dd', 'if=/dev/zero', 'of=/dev/null', 'bs=200M', 'count=1'], { timeout_ms: 20_000 }, context)
  assert.equal(greedy.exit_code, 137)
  const many = await runtime.exec(zone.uuid, ['/bin/sh', '-c', 'i=0; while [ $i -lt 40 ]; do sleep 5 & i=$((i+1)); done'], { timeout_ms: 20_000 }, context)
  assert.match(many.stderr, /can't fork|Resource temporarily unavailable/)
  const before = (await runtime.readUsage(zone.uuid))!.cpu_usec
  await runtime.exec(zone.uuid, ['/bin/timeout', '-s', 'KILL', '1', '/bin/sh', '-c', 'while :; do :; done'], { timeout_ms: 20_000 }, context)
  const used = (await runtime.readUsage(zone.uuid))!.cpu_usec - before
  assert.ok(used > 50_000 && used < 500_000, `${used} usec of CPU in a second at a cap of 20 %`)
})

test('memory that is in use cannot be taken away; the zone says so', async (t) => {
  const fixture = await realFixture(t)
  const { runtime } = fixture
  const zone = await startZone(fixture, { tmpfs_mib: 100 })
  await shell(runtime, zone.uuid, 'dd if=/dev/zero of=/tmp/full bs=1M count=80 2>/dev/null')
  assert.ok((await runtime.readUsage(zone.uuid))!.memory_bytes > 80 << 20)
  const swapless = { ...zone.limits, max_physical_memory: 32, max_swap: 32 }
  await assert.rejects(runtime.setLimits(zone.uuid, swapless, context), /uses more than that/)
  assert.equal(await shell(runtime, zone.uuid, 'echo alive'), 'alive')
})

test('a dead lxcfs does not hang a zone, and is put in place again', async (t) => {
  const fixture = await fixtureWithLxcfs(t)
  const { runtime, directory } = fixture
  const zone = await startZone(fixture)
  process.kill(readLxcfsPid(directory), 'SIGKILL')
  await waitFor(
    async () => !(await isLxcfsAlive(directory)),
    () => 'lxcfs did not die',
  )
  const started = Date.now()
  assert.notEqual((await runtime.exec(zone.uuid, ['/bin/cat', '/proc/meminfo'], { timeout_ms: 5000 }, context)).exit_code, 0)
  assert.ok(Date.now() - started < 2000)
  await checkLxcfs({ directory, keeper, runtime, intervalMs: 1000 }, context)
  assert.equal(await shell(runtime, zone.uuid, memoryKiB), String(256 * 1024))
  assert.equal(await shell(runtime, zone.uuid, 'mount | grep -c "on /proc/meminfo "'), '1')
})

test("the host's shared budgets are raised", async () => {
  const failed = await ensureHostLimits()
  assert.ok(!failed.includes('fs/inotify/max_user_instances'), failed.join(' '))
  assert.ok(Number(readFileSync('/proc/sys/fs/inotify/max_user_instances', 'utf8')) >= 65_536)
})
