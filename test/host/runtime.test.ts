import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { isAppError } from '#contracts/errors.ts'
import { createCrunRuntime } from '#host/crun/runtime.ts'
import { run } from '#host/run/run.ts'
import { nextExit, registerRuntimeSuite } from '#host/runtime.suite.ts'
import { context, isAlive, openConsole, realFixture, shell, startZone, waitFor } from './runtime-fixture.ts'

registerRuntimeSuite('crun', realFixture)

test('a zone is a world of its own', async (t) => {
  const fixture = await realFixture(t)
  const { runtime } = fixture
  const zone = await startZone(fixture)
  assert.equal(await shell(runtime, zone.uuid, 'hostname; id -u; cat /proc/self/uid_map | grep -c "1000000 *65536"'), 'web01\n0\n1')
  // Its boot clock begins at its boot, for those who come in by exec too.
  assert.ok(Number(await shell(runtime, zone.uuid, "awk '{print int($1)}' /proc/uptime")) < 60)
  assert.equal(await shell(runtime, zone.uuid, 'for pid in self 1; do readlink /proc/$pid/ns/time; done').then((text) => new Set(text.split('\n')).size), 1)
  // Nothing of the host is open in it.
  assert.equal(await shell(runtime, zone.uuid, 'ls /proc/1/fd; echo; ls /proc/$$/fd | head -n 3').then((text) => text.replaceAll(/\s+/g, ' ')), '0 1 2 0 1 2')
  // Filtered, with no capability that counts outside; its network is its own to change.
  assert.match(await shell(runtime, zone.uuid, 'grep Seccomp: /proc/1/status'), /2$/)
  assert.equal(await shell(runtime, zone.uuid, 'ip link add br9 type bridge && ip -o link show br9 | grep -c br9'), '1')
  // uid 0 of the zone owns what uid 0 owns on the pool, and makes more of the same.
  await shell(runtime, zone.uuid, 'touch /etc/made')
  assert.equal(statSync(join(fixture.root, 'etc/made')).uid, 0)
  for (const secret of ['/proc/kcore', '/proc/kallsyms', '/proc/timer_list', '/proc/keys'])
    assert.equal(await shell(runtime, zone.uuid, `head -c 10 ${secret} 2>/dev/null || true`), '', secret)
  for (const forbidden of [
    'echo 1 > /proc/sys/kernel/pid_max',
    // What is masked takes a write and loses it.
    'test ! -c /proc/sysrq-trigger && echo b > /proc/sysrq-trigger',
    'mount -o remount,rw /sys/firmware && touch /sys/firmware/x',
    'echo 1 > /proc/irq/default_smp_affinity',
  ])
    assert.notEqual((await runtime.exec(zone.uuid, ['/bin/sh', '-c', forbidden], { timeout_ms: 5000 }, context)).exit_code, 0, forbidden)
})

test('nothing of a zone is seen outside while it runs, nothing is left when it is gone', async (t) => {
  const fixture = await realFixture(t)
  const before = readFileSync('/proc/self/mountinfo', 'utf8')
  const zone = await startZone(fixture, { init: ['/bin/sh', '-c', 'sleep 1000 & sleep 1000 & wait'] })
  assert.equal(readFileSync('/proc/self/mountinfo', 'utf8'), before)
  assert.ok(fixture.cgroupDirectories(zone.uuid).length > 0)
  await fixture.runtime.remove(zone.uuid, context)
  assert.deepEqual(fixture.cgroupDirectories(zone.uuid), [])
  assert.ok(!isAlive(zone.keeperPid) && !isAlive(zone.initPid))
  assert.ok(!existsSync(join(fixture.options.run_dir, 'zones', zone.uuid)) && !existsSync(join(fixture.options.run_dir, 'crun', zone.uuid)))
  assert.ok(existsSync(join(fixture.root, 'bin/busybox')), "the zone's own data stays")
})

test('how init ended is exact: code, signal, its own wish to reboot or halt', async (t) => {
  const fixture = await realFixture(t)
  for (const [command, status] of [
    ['exit 7', 7],
    ['true', 0],
    ['reboot -f', -1],
    ['busybox poweroff -f', -2],
  ] as const) {
    const exit = nextExit(fixture.runtime)
    const zone = await startZone(fixture, { init: ['/bin/sh', '-c', `sleep 0.05; ${command}`] })
    const told = await exit
    assert.deepEqual({ uuid: told.uuid, exit_status: told.exit_status }, { uuid: zone.uuid, exit_status: status }, command)
    assert.deepEqual(JSON.parse(readFileSync(zone.exit_path, 'utf8')), { exit_status: status, exit_timestamp: told.exit_timestamp })
    await fixture.runtime.remove(zone.uuid, context)
  }
})

test('an init that ends at once is seen as well', async (t) => {
  const fixture = await realFixture(t)
  for (let round = 0; round < 10; round += 1) {
    const exit = nextExit(fixture.runtime)
    const zone = await startZone(fixture, { init: ['/bin/false'] })
    assert.equal((await exit).exit_status, 1)
    await fixture.runtime.remove(zone.uuid, context)
  }
})

test("an init that is not there is an error with crun's words", async (t) => {
  const fixture = await realFixture(t)
  const zone = fixture.spec({ init: ['/no/such/init'] })
  await fixture.runtime.prepare(zone, context)
  await assert.rejects(
    fixture.runtime.launch(zone.uuid, context),
    (error) => isAppError(error, 'RuntimeFailed') && /no\/such\/init|No such file/.test(String(error.cause)),
  )
  await fixture.runtime.remove(zone.uuid, context)
  assert.equal(await fixture.runtime.read(zone.uuid), null)
})

test('a root that is not there fails prepare and leaves nothing', async (t) => {
  const fixture = await realFixture(t)
  const zone = fixture.spec({ root: join(fixture.base, 'nothing') })
  await assert.rejects(fixture.runtime.prepare(zone, context), (error) => isAppError(error, 'RuntimeFailed') && String(error.cause).includes('nothing'))
  assert.equal(await fixture.runtime.read(zone.uuid), null)
  assert.deepEqual(fixture.cgroupDirectories(zone.uuid), [])
})

test('console: replay, typing, several clients, log and its rotation, size', async (t) => {
  const fixture = await realFixture(t)
  const { runtime } = fixture
  const zone = await startZone(fixture, { init: ['/bin/sh', '-c', 'echo first words; exec sh -i'], log_max_bytes: 4096 })
  const one = await openConsole(runtime.consoleSocket(zone.uuid))
  await one.until(/first words/)
  one.socket.write('echo $((40+2)); id -u\r')
  await one.until(/\b42\r\n0\r\n/)
  const two = await openConsole(runtime.consoleSocket(zone.uuid))
  await two.until(/first words[^]*42\r\n/)
  const control = createConnection(join(fixture.options.run_dir, 'zones', zone.uuid, 'control.sock'))
  control.write('size 50 132\n')
  two.socket.write('sleep 0.2; stty size\r')
  await one.until(/50 132/)
  assert.match(readFileSync(zone.log_path, 'utf8'), /first words/)
  one.socket.write('yes 0123456789 | head -n 700; echo done-$((1+1))\r')
  await one.until(/done-2/)
  assert.ok(statSync(zone.log_path).size <= 4096 && statSync(`${zone.log_path}.0`).size <= 4096)
  assert.equal(statSync(runtime.consoleSocket(zone.uuid)).mode & 0o077, 0)
  for (const socket of [one.socket, two.socket, control]) socket.destroy()
})

test('a console client that does not read holds up nobody', async (t) => {
  const fixture = await realFixture(t)
  const zone = await startZone(fixture, { init: ['/bin/sh', '-c', 'yes 0123456789abcdef | head -c 2000000; echo all said; sleep 1000'] })
  const deaf = createConnection(fixture.runtime.consoleSocket(zone.uuid)).pause()
  await waitFor(
    () => readFileSync(zone.log_path, 'utf8').includes('all said'),
    () => 'the zone was held up',
  )
  deaf.destroy()
})

test('exec: code, streams, input, environment, user', async (t) => {
  const fixture = await realFixture(t)
  const { runtime } = fixture
  const zone = await startZone(fixture)
  const result = await runtime.exec(
    zone.uuid,
    ['/bin/sh', '-c', 'cat; echo "$A $HOME" >&2; exit 3'],
    { stdin: 'in', env: { A: 'b c' }, timeout_ms: 5000 },
    context,
  )
  assert.deepEqual(result, { exit_code: 3, stdout: 'in', stderr: 'b c /root\n' })
  const command = runtime.execCommand(zone.uuid, ['id', '-u'], { tty: false, user: 'ada' })
  assert.equal((await run(command as [`/${string}`], {}, context)).stdout.trim(), '1000')
  const numeric = runtime.execCommand(zone.uuid, ['/bin/sh', '-c', 'id -u; id -g'], { tty: false, user: '1000' })
  assert.equal((await run(numeric as [`/${string}`], {}, context)).stdout.trim(), '1000\n1000')
})

test('exec ends at its time limit, and at its output limit, inside the zone too', async (t) => {
  const fixture = await realFixture(t)
  const { runtime } = fixture
  const zone = await startZone(fixture)
  const started = Date.now()
  await assert.rejects(runtime.exec(zone.uuid, ['/bin/sleep', '77'], { timeout_ms: 300 }, context), (error) => isAppError(error, 'Timeout'))
  await assert.rejects(runtime.exec(zone.uuid, ['/bin/yes'], { timeout_ms: 10_000 }, context), (error) => isAppError(error, 'CommandFailed'))
  assert.ok(Date.now() - started < 8000)
  // The dead have no command line; whoever has one lives.
  assert.doesNotMatch(await shell(runtime, zone.uuid, 'cat /proc/[0-9]*/cmdline'), /yes|77/)
})

test('zones outlive the daemon and are adopted by the next one', async (t) => {
  const fixture = await realFixture(t)
  const zone = fixture.spec()
  const daemon = `import { createCrunRuntime } from '#host/crun/runtime.ts'
    const context = { signal: new AbortController().signal, log: console, now: () => new Date() }
    const runtime = await createCrunRuntime(${JSON.stringify(fixture.options)})
    await runtime.prepare(${JSON.stringify(zone)}, context)
    await runtime.launch(${JSON.stringify(zone.uuid)}, context)
    process.kill(process.pid, 'SIGKILL')`
  const dead = await run(
    [process.execPath as `/${string}`, '--input-type=module', '-e', daemon],
    { cwd: import.meta.dirname, timeoutMs: 60_000 },
    context,
  ).catch((error: unknown) => error)
  assert.ok(isAppError(dead, 'CommandFailed') && String(dead.cause).includes('SIGKILL'), String(dead instanceof Error ? dead.cause : dead))
  const next = await createCrunRuntime(fixture.options)
  const [adopted] = await next.list()
  assert.deepEqual([adopted?.uuid, adopted?.zoneid, adopted?.stage], [zone.uuid, zone.zoneid, 'running'])
  assert.equal(await shell(next, zone.uuid, 'echo here'), 'here')
  const exit = nextExit(next)
  await next.signal(zone.uuid, 9, context)
  assert.equal((await exit).exit_status, -9)
  await next.remove(zone.uuid, context)
  assert.equal(await next.read(zone.uuid), null)
})

test('a killed keeper leaves an orphan, which is seen and removed', async (t) => {
  const fixture = await realFixture(t)
  const { runtime } = fixture
  const zone = await startZone(fixture, { init: ['/bin/sh', '-c', 'sleep 1000 & sleep 1000'] })
  const prepared = fixture.spec()
  const { keeper_pid } = await runtime.prepare(prepared, context)
  process.kill(zone.keeperPid, 'SIGKILL')
  process.kill(keeper_pid, 'SIGKILL')
  await waitFor(
    async () => (await runtime.list()).every(({ stage }) => stage === 'orphaned'),
    () => 'not seen as orphaned',
  )
  assert.ok(isAlive(zone.initPid))
  await assert.rejects(runtime.exec(zone.uuid, ['true'], { timeout_ms: 1000 }, context), (error) => isAppError(error, 'RuntimeFailed'))
  await runtime.remove(zone.uuid, context)
  await runtime.remove(prepared.uuid, context)
  assert.deepEqual([await runtime.list(), isAlive(zone.initPid), fixture.cgroupDirectories(zone.uuid)], [[], false, []])
})

test('a keeper that is stopped does not stop removal', async (t) => {
  const fixture = await realFixture(t)
  const zone = await startZone(fixture)
  process.kill(zone.keeperPid, 'SIGSTOP')
  await fixture.runtime.remove(zone.uuid, context)
  assert.deepEqual([await fixture.runtime.read(zone.uuid), isAlive(zone.initPid), fixture.cgroupDirectories(zone.uuid)], [null, false, []])
})

test('extra mounts: mapped ids, read-only, and no way out through a link of the guest', async (t) => {
  const fixture = await realFixture(t)
  const { base, root, runtime } = fixture
  for (const name of ['data', 'shown', 'host']) await mkdir(join(base, name))
  await writeFile(join(base, 'shown/file'), 'seen\n')
  const mount = { options: [] as string[] }
  const zone = await startZone(fixture, {
    mounts: [
      { ...mount, source: join(base, 'data'), target: '/data', read_only: false, idmap: true },
      { ...mount, source: join(base, 'shown/file'), target: '/etc/shown', read_only: true, idmap: false },
    ],
  })
  assert.equal(await shell(runtime, zone.uuid, 'touch /data/made; cat /etc/shown; ! touch /etc/shown 2>/dev/null'), 'seen')
  assert.equal(statSync(join(base, 'data/made')).uid, 0)
  await symlink(`${'../'.repeat(20)}${base}/host`, join(root, 'trap'))
  const trapped = fixture.spec({ mounts: [{ ...mount, source: join(base, 'data'), target: '/trap/in', read_only: false, idmap: true }] })
  await runtime.prepare(trapped, context)
  // Looked up within the zone, the link leads nowhere: the zone does not start, the host is not touched.
  await assert.rejects(runtime.launch(trapped.uuid, context), (error) => isAppError(error, 'RuntimeFailed'))
  assert.ok(!existsSync(join(base, 'host/in')))
})
