import assert from 'node:assert/strict'
import { chmod, copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { command } from '../bench/command.ts'
import { assertSaid, type Cli, type Following, openCli } from '../harness/cli.ts'
import { payload } from '../harness/machines.ts'
import { startTestNode, testImage, type TestNode } from '../harness/test-node.ts'

// A zone whose root wants out, wants to starve the others, or wants to trick the host: harness/hostile.c.
const source = join(import.meta.dirname, '../harness/hostile.c')
let node: TestNode
let cli: Cli
let program: string
/** A host directory that the zone may only read, though its files are everybody's. */
let shared: string
/** What nobody may touch; links in the hostile root lead here. */
let canary: string
let bad: string
let good: string

before(async () => {
  node = await startTestNode()
  cli = openCli(node)
  program = join(node.directory, 'hostile')
  await command(['cc', '-static', '-O1', '-Wall', '-Werror', '-Wno-format-truncation', '-o', program, source])
  await Promise.all([openDirectory('shared'), openDirectory('canary')])
  ;[shared, canary] = [join(node.directory, 'shared'), join(node.directory, 'canary')]
  assert.equal((await cli.run(['nictagadm', 'add', '-l', 'test0'])).code, 0)
  bad = await createZone({ max_physical_memory: 256, max_lwps: 300, filesystems: [{ type: 'lofs', source: shared, target: '/shared', options: ['ro'] }] })
  good = await createZone()
})
after(async () => await node?.dispose())

async function openDirectory(name: string): Promise<void> {
  const directory = join(node.directory, name)
  await mkdir(directory)
  await writeFile(join(directory, 'file'), 'untouched\n')
  await Promise.all([chmod(node.directory, 0o755), chmod(directory, 0o777), chmod(join(directory, 'file'), 0o666)])
}

async function createZone(changes: Record<string, unknown> = {}): Promise<string> {
  const uuid = await cli.create(payload(changes))
  await putProgram(uuid)
  return uuid
}

async function putProgram(uuid: string): Promise<void> {
  const place = join(node.pool, uuid, 'root/hostile')
  await copyFile(program, place)
  await chmod(place, 0o755)
}

/** Lines that the program prints in the zone, whatever becomes of it. */
async function hostile(uuid: string, ...words: string[]): Promise<string[]> {
  return (await cli.run(['zlogin', uuid, ['/hostile', ...words].join(' ')])).stdout.split('\n').filter((line) => line !== '')
}

function allowed(lines: readonly string[]): string[] {
  return lines.filter((line) => !/ refused [A-Z0-9]+$/.test(line))
}

/** Afresh, whether it still runs or what it did was the end of its own init. */
async function ensureRunning(uuid: string): Promise<void> {
  if ((await cli.get(uuid))['state'] === 'running') assertSaid(await cli.vmadm('reboot', '-F', uuid), `Successfully completed reboot for VM ${uuid}`)
  else assertSaid(await cli.vmadm('start', uuid), `Successfully started VM ${uuid}`)
}

test('calls that are the host’s alone are refused; only mounts of its own are allowed', async () => {
  const lines = await hostile(bad, 'calls')
  assert.ok(lines.length > 50, lines.join('\n'))
  assert.deepEqual(allowed(lines), ['same_namespaces allowed', 'mount_tmpfs allowed', 'mount_proc allowed', 'mount_sysfs allowed'])
})

test('a user namespace of its own opens nothing', async () => {
  const lines = await hostile(bad, 'nested')
  assert.ok(lines.length > 20, lines.join('\n'))
  assert.deepEqual(allowed(lines), ['unshare_user allowed', 'nested_tmpfs allowed'])
})

test('with all masks lifted: no secrets of the kernel, and nothing to write but its own network, ipc and names', async () => {
  assert.deepEqual(allowed(await hostile(bad, 'secrets')), ['/proc/1/mem allowed'], 'its own init')
  const own = /^writable \/proc\/sys\/(net\/|fs\/mqueue\/|kernel\/(hostname|domainname|shm|msg|sem|auto_msgmni|ns_last_pid|pid_max$)|user\/)/
  const lines = await hostile(bad, 'walk')
  const ownLinks = /^writable \/sys\/(devices\/virtual\/net|class\/net)\//
  assert.deepEqual(
    lines.filter((line) => !own.test(line) && !ownLinks.test(line)),
    [],
  )
  // Of its pid namespace, since Linux 6.14.
  const most = await readFile('/proc/sys/kernel/pid_max', 'utf8')
  await cli.run(['zlogin', bad, 'echo 4000 > /proc/sys/kernel/pid_max'])
  assert.equal(await readFile('/proc/sys/kernel/pid_max', 'utf8'), most)
  const setting = '/sys/devices/system/cpu/cpu0/power/pm_qos_resume_latency_us'
  const value = await readFile(setting, 'utf8')
  assert.equal((await cli.run(['zlogin', bad, `echo 77 > ${setting}`])).code, 1)
  assert.equal(await readFile(setting, 'utf8'), value)
})

test('what is mounted read-only stays read-only', async () => {
  const lines = await hostile(bad, 'rebind', '/native', '/native/.zonecontrol', '/.zonecontrol', '/shared')
  assert.equal(lines.length, 8)
  assert.deepEqual(allowed(lines), [])
  assert.equal(await readFile(join(shared, 'file'), 'utf8'), 'untouched\n')
})

test('no descriptor and no process of the host is in reach', async () => {
  const files = await hostile(bad, 'files')
  assert.deepEqual(
    files.filter((line) => !/^(self|init) [0-2] (socket:|pipe:|\/dev\/)/.test(line)),
    [],
  )
  assert.ok(files.length >= 6)
  const host = createServer((socket) => socket.end()).listen(`\0spirula-${process.pid}`)
  assert.deepEqual((await command([program, 'connect', `@spirula-${process.pid}`, '1'])).trim(), 'connected 1')
  assert.deepEqual(await hostile(bad, 'connect', `@spirula-${process.pid}`, '1'), ['connected 0'], 'an abstract socket of the host')
  host.close()
  const lurking = hostile(bad, 'lurk', '3')
  for (let round = 0; round < 20; round += 1) await cli.inside(bad, 'true')
  assert.deepEqual(await lurking, ['looked often'])
  assert.deepEqual(allowed(await hostile(bad, 'kill')), ['kill_init allowed', 'kill_all allowed'])
  assert.equal((await cli.get(bad))['state'], 'running', 'its own init does not hear it')
})

for (const what of ['signals', 'queues', 'inotify', 'files', 'processes']) {
  test(`a zone that uses up all its ${what} takes none of another's, nor of the host's`, async () => {
    const greedy: Following[] = []
    // Several: what a process may have is less than what a user may have.
    for (let index = 0; index < (what === 'inotify' ? 4 : 1); index += 1) greedy.push(cli.follow('zlogin', bad, `/hostile exhaust ${what}`))
    try {
      for (const one of greedy) await one.until(/held \d+ E/)
      for (const lines of [await hostile(good, 'need'), (await command([program, 'need'])).trim().split('\n')])
        assert.deepEqual([lines.length, lines.filter((line) => !line.endsWith(' allowed'))], [7, []])
      const pids = Number(await readFile(`/sys/fs/cgroup/pids/${node.cgroupParent}/${bad}/pids.current`, 'utf8').catch(() => '0'))
      assert.ok(pids <= 300, `${pids} processes`)
    } finally {
      for (const one of greedy) await one.stop()
    }
    await ensureRunning(bad)
  })
}

test('memory, shared memory, a tmpfs of its own, and subvolumes are bounded by its limits', async () => {
  assert.ok(!(await hostile(bad, 'memory', '4096')).includes('ate all'))
  const filled = async (path: string): Promise<number> => Number(/filled (\d+)/.exec((await hostile(bad, 'fill', path)).join('\n'))?.[1] ?? 0)
  assert.ok((await filled('/dev/shm')) <= 128)
  assert.equal((await cli.run(['zlogin', bad, 'rm /dev/shm/fill; mount -t tmpfs -o size=8g own /mnt'])).code, 0)
  assert.ok((await filled('/mnt')) <= 256)
  await ensureRunning(bad)
  const made = await hostile(bad, 'subvolumes')
  assert.ok(Number(/filled (\d+)/.exec(made.join('\n'))?.[1]) < 1100, `${made.join(' ')}: the quota of 1 GiB holds for subvolumes too`)
})

async function pingMs(): Promise<number> {
  const started = performance.now()
  await node.client.json('node.ping')
  return performance.now() - started
}

test('ten thousand connections and giant values at the metadata socket leave the daemon to others', async () => {
  const storm = hostile(bad, 'connect', '/.zonecontrol/metadata.sock', '10000')
  let slowest = 0
  const going = new Set(['storm'])
  void storm.finally(() => going.clear())
  while (going.size > 0) slowest = Math.max(slowest, await pingMs())
  assert.match((await storm).join(), /^connected \d+$/)
  assert.ok(slowest < 1000, `${slowest} ms`)
  const giant = 'dd if=/dev/zero bs=1M count=1 2>/dev/null | tr "\\0" x > /tmp/x; for i in 1 2 3 4 5 6 7 8 9; do mdata-put k$i < /tmp/x; done'
  await cli.run(['zlogin', bad, `PATH=$PATH:/native/usr/sbin; ${giant}`])
  const { size } = await stat(join(node.pool, 'config/machines', `${bad}.json`))
  assert.ok(size < 8 << 20, `${size} bytes of record`)
  assert.equal(await cli.inside(good, 'mdata-get sdc:uuid'), good)
})

async function readKeeperCpuMs(uuid: string): Promise<number> {
  const pids = (await command(['pgrep', '-f', `keeper serve.*${uuid}`])).trim().split('\n')
  const fields = (await readFile(`/proc/${pids[0]}/stat`, 'utf8')).split(' ')
  return (Number(fields[13]) + Number(fields[14])) * 10
}

test('a flood on the console ends in a log of bounded size', async () => {
  const uuid = await createZone()
  const cpuMs = await readKeeperCpuMs(uuid)
  const started = performance.now()
  await hostile(uuid, 'flood', '10')
  const share = ((await readKeeperCpuMs(uuid)) - cpuMs) / (performance.now() - started)
  assert.ok(share < 0.15, `the keeper took ${share} of a processor for it`)
  const logs = await Promise.all(['platform.log', 'platform.log.0'].map(async (name) => (await stat(join(node.pool, uuid, 'logs', name))).size))
  assert.ok(
    logs.every((size) => size > 0 && size <= 8 << 20),
    logs.join(),
  )
})

const up = '../'.repeat(12)
/** What a hostile root can be turned into; the host then acts on it. C is the canary. */
const traps: Record<string, string> = {
  'links out of the root by way of its parents': `for d in etc var/svc var/log root usr/sbin run; do rm -rf /$d; ln -s ${up}$C /$d; done`,
  'absolute links': 'for d in etc var root usr run; do rm -rf /$d; ln -s $C /$d; done',
  'links in a circle': 'rm -rf /etc /var/svc; ln -s etc /etc; ln -s svc /var/svc',
  'files for directories': 'for d in etc var usr root; do rm -rf /$d; echo x > /$d; done',
  'pipes for files':
    'for f in etc/resolv.conf etc/hosts etc/hostname etc/passwd etc/group etc/nsswitch.conf var/svc/provisioning var/svc/provision_success; do rm -f /$f; mkfifo /$f; done',
  'links for files': 'for f in etc/resolv.conf etc/hosts etc/hostname var/svc/provisioning usr/sbin/mdata-get; do rm -f /$f; ln -s $C/new /$f; done',
  'a marker a thousand directories deep':
    'rm -rf /var/svc; mkdir /var/svc; cd /var/svc; i=0; while [ $i -lt 1000 ] && mkdir provisioning && cd provisioning; do i=$((i+1)); done 2>/dev/null',
  'a full disk': '/hostile fill / >/dev/null; i=0; while echo x > /full$i; do i=$((i+1)); done 2>/dev/null',
}

async function readCanary(): Promise<string> {
  return await command(['find', canary, shared, '-printf', '%p %y %m %U %G %s %T@ %C@\n'])
}

for (const [name, script] of Object.entries(traps)) {
  test(`the host acts on a root with ${name}: nothing outside is touched, nothing hangs, the machine can be had back`, async () => {
    const uuid = await createZone({ maintain_resolvers: true, resolvers: ['10.0.0.1'] })
    const before = await readCanary()
    await cli.run(['zlogin', uuid, `C=${canary}; ${script}; true`])
    const started = performance.now()
    assertSaid(await cli.feed({ resolvers: ['10.0.0.2'] }, 'update', uuid), `Successfully updated VM ${uuid}`)
    assertSaid(await cli.vmadm('create-snapshot', uuid, 'one'), `Created snapshot one for VM ${uuid}`)
    assertSaid(await cli.vmadm('reboot', '-F', uuid), `Successfully completed reboot for VM ${uuid}`)
    assertSaid(await cli.vmadm('stop', '-F', uuid), `Successfully completed stop for VM ${uuid}`)
    assertSaid(await cli.vmadm('start', uuid), `Successfully started VM ${uuid}`)
    assertSaid(await cli.vmadm('rollback-snapshot', uuid, 'one'), `Rolled back snapshot one for VM ${uuid}`)
    assertSaid(await cli.feed({ image_uuid: testImage }, 'reprovision', uuid), `Successfully reprovisioned VM ${uuid}`)
    assert.equal(await cli.inside(uuid, 'cat /etc/resolv.conf | tail -1'), 'nameserver 10.0.0.2')
    assertSaid(await cli.vmadm('delete', uuid), `Successfully deleted VM ${uuid}`)
    assert.ok(performance.now() - started < 9000, 'something waited for the guest')
    assert.equal(await readCanary(), before)
  })
}

test('an init that is a pipe, programs that hang: the machine is not to be started, but to be changed and deleted', async () => {
  const uuid = await createZone()
  await cli.run(['zlogin', uuid, 'rm /sbin/init; mkfifo /sbin/init'])
  const refused = await cli.vmadm('reboot', '-F', uuid)
  assert.deepEqual([refused.code, (await cli.get(uuid))['state']], [1, 'stopped'])
  assertSaid(await cli.feed({ image_uuid: testImage }, 'reprovision', uuid), `Successfully reprovisioned VM ${uuid}`)
  assertSaid(await cli.vmadm('start', uuid), `Successfully started VM ${uuid}`)
  const hang = "printf '#!/bin/busybox sh\\nbusybox sleep 1000 & wait\\n' > /bin/hang; chmod 755 /bin/hang"
  await cli.run([
    'zlogin',
    uuid,
    `${hang}; for p in mount sh poweroff; do busybox mv /bin/hang /bin/hung; busybox cp /bin/hung /bin/hang; busybox rm -f /bin/$p; busybox cp /bin/hang /bin/$p; done`,
  ])
  assertSaid(await cli.feed({ tmpfs: 20 }, 'update', uuid), `Successfully updated VM ${uuid}`)
  assertSaid(await cli.vmadm('delete', uuid), `Successfully deleted VM ${uuid}`)
})
