import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { test } from 'node:test'
import { bootLimitMs, on, openLab, rootPassword, shutDown, waitForHealth } from './lab.ts'

const lab = await openLab()

test('a node set up from the ISO without questions boots from its own disks, each of them alone', async (t) => {
  const [alpha, beta] = await lab.copyDisks('disk')
  const guest = await lab.start({ name: 'node1', directory: `${lab.directory}/disk`, boot: { from: 'disk' }, disks: [alpha!, beta!] })
  t.after(() => guest.kill())

  await t.test('to a login on the console', async () => {
    await guest.console.waitFor(/node1 login: /, bootLimitMs)
    guest.send('root\n')
    await guest.console.waitFor(/Password: /, 30_000)
    guest.send(`${rootPassword}\n`)
    await guest.console.waitFor(/root@node1:~# /, 60_000)
  })

  await t.test('to a healthy daemon, from its disks', async () => {
    const status = await waitForHealth(guest)
    assert.equal(status.state.state, 'ready')
    assert.equal(status.state.medium, 'disk')
    assert.equal(status.state.stamp, lab.first.stamp)
    assert.equal(status.health.action, 'marked')
    assert.deepEqual(status.state.problems, [])
    console.log(`times: ${JSON.stringify(status.times)}`)
  })

  await t.test('with no part of the system on a disk', async () => {
    assert.match(await on(guest, 'findmnt -no FSTYPE /'), /^overlay$/m)
    assert.match(await on(guest, 'findmnt -no FSTYPE /platform'), /^squashfs$/m)
    const mounted = (await on(guest, 'findmnt -rno TARGET,FSTYPE --real')).trim().split('\n')
    for (const line of mounted) assert.match(line, /^\S+ (overlay|squashfs|zfs|fuse\S*)$/, line)
  })

  await t.test('with the stamp wherever one looks', async () => {
    const { stamp } = lab.first
    assert.match(await on(guest, 'cat /etc/release'), new RegExp(`^Spirula ${stamp} `))
    assert.match(await on(guest, 'cat /etc/motd'), new RegExp(stamp))
    assert.equal((JSON.parse(await on(guest, 'sysinfo')) as Record<string, unknown>)['Live Image'], stamp)
    assert.match(await on(guest, 'piadm list'), new RegExp(stamp))
  })

  await t.test('with tracing that compiles and runs', async () => {
    assert.match(await on(guest, 'timeout 120 bpftrace -e \'BEGIN { printf("%d\\n", 40 + 2); exit(); }\''), /^42$/m)
  })

  await t.test('within its memory', async () => {
    const memory = parseMeminfo(await on(guest, 'cat /proc/meminfo; awk \'$1 == "size" {print "Arc: " $3 / 1024}\' /proc/spl/kstat/zfs/arcstats'))
    const [total = 0, available = 0, arc = 0] = ['MemTotal', 'MemAvailable', 'Arc'].map((name) => memory.get(name))
    // ZFS's cache gives way as the kernel's own does, but is not counted among what is available.
    const used = total - available - arc
    const image = Math.ceil(statSync(lab.first.archive).size / 2 ** 20)
    const parts = ['Arc', 'AnonPages', 'Slab', 'SUnreclaim', 'Percpu', 'PageTables', 'KernelStack', 'Shmem', 'VmallocUsed', 'Mapped']
    console.log(`memory: ${used} MiB used, of which the image ${image} MiB; ${parts.map((name) => `${name} ${memory.get(name)}`).join(', ')}`)
    console.log(`memory: ${(await on(guest, 'ps axo rss,comm --sort=-rss | head -12')).trim().replaceAll(/\s*\n\s*/g, ', ')}`)
    assert.ok(used <= 450 && used - image <= 256, `${used} MiB used, image ${image} MiB`)
  })

  await t.test('and no unit that failed', async () => {
    assert.equal(await on(guest, 'systemctl --failed --no-legend --plain'), '')
  })

  await shutDown(guest)
  const alone = await lab.start({ name: 'node1', directory: `${lab.directory}/disk`, boot: { from: 'disk' }, disks: [beta!] })
  t.after(() => alone.kill())
  await t.test('with the first disk gone: degraded and healthy', async () => {
    await waitForHealth(alone)
    assert.equal((await on(alone, 'zpool list -Ho health zones')).trim(), 'DEGRADED')
    assert.match(await on(alone, 'cat /etc/motd'), /DEGRADED/)
  })
})

/** MiB by name. */
function parseMeminfo(text: string): Map<string, number> {
  return new Map(
    text.split('\n').flatMap((line): [string, number][] => {
      const [, name, size] = /^(\w+): +([\d.]+)/.exec(line) ?? []
      return name === undefined ? [] : [[name, Math.round(Number(size) / 1024)]]
    }),
  )
}
