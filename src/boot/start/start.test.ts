import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AppError } from '#contracts/errors.ts'
import { BootState } from '#contracts/platform/boot-state.ts'
import type { PoolOutcome } from '#host/disks/import-pools.ts'
import type { Nic } from '#plan/start/links.ts'
import { type Answer, createFakeSystem, type FakeSystem } from '../system-fake.ts'
import type { Pools } from './boot.ts'
import { startNode, startSteps } from './start.ts'

const zones: PoolOutcome = { name: 'zones', guid: '1', state: 'ONLINE', imported: true, reason: null, unfinished: false, locked: false }
const nics: Nic[] = [{ name: 'enp1s0', mac: '52:54:00:00:00:01', carrier: true }]
const id = (digit: string): string => digit.repeat(32)

const files = {
  '/proc/cmdline': 'console=ttyS0 spirula.medium=disk\n',
  '/proc/meminfo': 'MemTotal:        4194304 kB\n',
  '/etc/spirula/platform.json': '{"stamp":"20261124T000000Z"}',
  '/etc/machine-id': `${id('a')}\n`,
  '/etc/shadow': 'root:*:1:0:99999:7:::\ndaemon:*:1::::::\n',
  '/usbkey/config': 'hostname=node01\nadmin_nic=52:54:00:00:00:01\nadmin_ip=10.0.0.2/24\ndefault_keymap=de\nroot_authorized_keys_file=keys\n',
  '/usbkey/shadow': '$6$a$b\n',
  '/usbkey/config.inc/keys': 'ssh-ed25519 AAAA me\n# not me\n',
  '/zones/currbooted': '20261101T000000Z\n',
}

interface Machine {
  files?: Record<string, string | undefined>
  answers?: Record<string, Answer>
  pools?: readonly PoolOutcome[] | Error
  /** Before the last of these looks no disk is there. */
  looks?: number
  nics?: readonly Nic[]
}

function machine(given: Machine = {}): { system: FakeSystem; start: () => Promise<BootState> } {
  const all = Object.entries({ ...files, ...given.files }).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const system = createFakeSystem({ files: Object.fromEntries(all), answers: { 'zfs list': 1, ...given.answers } })
  const outcomes = given.pools ?? [zones]
  let looks = given.looks ?? 1
  const pools: Pools = {
    async importPools() {
      looks -= 1
      if (looks > 0) return []
      if (outcomes instanceof Error) throw outcomes
      return [...outcomes]
    },
    mountPool: async () => [],
  }
  return { system, start: () => startNode({ system, pools, readNics: async () => [...(given.nics ?? nics)] }) }
}

describe('a node with settings', () => {
  test('is ready, and everything is applied', async () => {
    const { system, start } = machine()
    const state = await start()
    assert.deepEqual(state.problems, [])
    assert.equal(state.state, 'ready')
    assert.deepEqual([state.pool, state.stamp, state.medium, state.hostname, state.links], ['zones', '20261124T000000Z', 'disk', 'node01', ['br-admin']])
    assert.deepEqual(
      state.steps.map(({ name, outcome }) => `${name} ${outcome}`),
      startSteps.map(({ name }) => `${name} ${['devices', 'factory-reset', 'names', 'custom'].includes(name) ? 'left' : 'done'}`),
    )
    const read = (path: string): string => system.files.get(path) ?? 'missing'
    assert.equal(read('/sys/module/zfs/parameters/zfs_arc_max'), String(2 ** 30))
    assert.equal(read('/proc/sys/kernel/hostname'), 'node01')
    assert.match(read('/run/systemd/network/50-br-admin.network'), /Address=10\.0\.0\.2\/24/)
    assert.equal(read('/run/systemd/network/95-spirula-dhcp.network'), '')
    assert.match(read('/etc/shadow'), /^root:\$6\$a\$b:1:0/)
    assert.equal(read('/root/.ssh/authorized_keys'), 'ssh-ed25519 AAAA me\n')
    assert.match(read('/run/spirula/sshd/settings.conf'), /HostKey \/usbkey\/ssh\/ssh_host_ed25519_key\n[\s\S]*PasswordAuthentication yes/)
    assert.equal(read('/usbkey/ssh/ssh_host_ed25519_key'), 'secret')
    assert.deepEqual(JSON.parse(read('/run/spirula/declared-nic-tags.json')), [{ name: 'admin', type: 'normal', mac: nics[0]!.mac, mtu: 1500 }])
    assert.deepEqual([read('/zones/currbooted'), read('/zones/lastbooted')], ['20261124T000000Z\n', '20261101T000000Z\n'])
    assert.equal(read('/zones/var/machine-id'), `${id('a')}\n`)
    assert.equal(system.mounts.get('/var/log/journal'), '/zones/var/log/journal')
    assert.equal(system.mounts.get('/usbkey'), 'zones/usbkey')
    assert.equal(read('/run/spirula/ready'), '')
    assert.match(read('/run/spirula/pool.env'), /SPIRULA_POOL=zones/)
    assert.ok(system.ran.includes('loadkeys -q de'))
    assert.deepEqual(BootState.parse(JSON.parse(read('/run/spirula/boot.json'))), state)
  })

  test('the pool is there before its settings are read, and the ready mark comes last', async () => {
    const { system, start } = machine()
    const order: string[] = []
    const write = system.write
    system.write = async (path, text, options) => {
      order.push(path)
      await write(path, text, options)
    }
    await start()
    assert.deepEqual(order.slice(-3), ['/run/spirula/boot.json', '/run/spirula/pool.env', '/run/spirula/ready'])
    const at = (start: string): number => system.ran.findIndex((line) => line.startsWith(start))
    assert.ok(at('modprobe zfs') < at('zfs create') && at('zfs create') < at('mount -T') && at('mount -T') < at('ssh-keygen'))
  })

  test('done again changes nothing that lasts', async () => {
    const { system, start } = machine()
    await start()
    system.ran.length = 0
    const before = new Map(system.files)
    const state = await start()
    assert.equal(state.state, 'ready')
    assert.deepEqual(
      system.ran.filter((line) => /^(mount|ssh-keygen|zfs (create|mount))/.test(line)),
      [],
    )
    for (const [path, text] of before) if (!path.startsWith('/run/')) assert.equal(system.files.get(path), text, path)
  })

  test('the id of the machine is the one kept on the pool, and the journal is told', async () => {
    const { system, start } = machine({ files: { '/zones/var/machine-id': `${id('b')}\n` } })
    await start()
    assert.equal(system.files.get('/etc/machine-id'), `${id('b')}\n`)
    assert.ok(system.ran.includes('systemctl restart systemd-journald.service'))
  })

  test('standby applies all, but nothing is to start', async () => {
    const { system, start } = machine({ files: { '/proc/cmdline': 'standby', '/run/spirula/ready': '' } })
    assert.equal((await start()).state, 'standby')
    assert.equal(system.files.has('/run/spirula/ready'), false)
    assert.match(system.files.get('/run/systemd/network/50-br-admin.network') ?? '', /10\.0\.0\.2/)
  })

  test('a nic that is not in this machine, lines that are wrong, and a missing key file are told', async () => {
    const { start } = machine({
      files: {
        '/usbkey/config': 'admin_nic=52:54:00:00:00:99\nadmin_ip=10.0.0\nhostname=a\nroot_authorized_keys_file=gone\n',
        '/usbkey/config.inc/keys': undefined,
      },
    })
    const { state, problems } = await start()
    assert.equal(state, 'ready')
    assert.match(problems.join('\n'), /config: Line 2, admin_ip[\s\S]*enp1s0 .* in its place[\s\S]*names gone, but there is no such file/)
  })
})

describe('a node without', () => {
  test('a pool is unset: wired links ask for addresses, and ssh takes keys only', async () => {
    const { system, start } = machine({ pools: [] })
    const { state, pool } = await start()
    assert.deepEqual([state, pool], ['unset', undefined])
    assert.deepEqual(
      [...system.files.keys()].filter((path) => path.startsWith('/run/systemd/network')),
      [],
    )
    assert.match(system.files.get('/run/spirula/sshd/settings.conf') ?? '', /HostKey \/run\/spirula\/ssh\/[\s\S]*PasswordAuthentication no/)
    assert.match(system.files.get('/etc/shadow') ?? '', /^root::/m)
    assert.deepEqual([system.files.has('/run/spirula/ready'), system.files.has('/run/spirula/unset')], [false, true])
    assert.equal(system.mounts.size, 0)
  })

  test('settings is unset, but its pool is known', async () => {
    const { system, start } = machine({ files: { '/usbkey/config': undefined } })
    const { state, pool } = await start()
    assert.deepEqual([state, pool], ['unset', 'zones'])
    assert.equal(system.files.has('/run/spirula/ready'), false)
  })

  test('noimport touches no pool', async () => {
    const { system, start } = machine({ files: { '/proc/cmdline': 'noimport=true' }, pools: new Error('imported') })
    const { state, problems } = await start()
    assert.deepEqual([state, problems], ['rescue', []])
    assert.deepEqual(
      system.ran.filter((line) => /^(zpool|zfs)/.test(line)),
      [],
    )
  })
})

describe('pools that cannot be used', () => {
  test('not imported: failed, and the reason is kept', async () => {
    const { start } = machine({ pools: [{ ...zones, imported: false, reason: 'The pool zones lacks a disk.' }] })
    const { state, reason } = await start()
    assert.deepEqual([state, reason], ['failed', 'The pool zones lacks a disk.'])
  })
  test('disks that come late are waited for, when the node was booted from one of them', async () => {
    const late = machine({ looks: 4 })
    assert.equal((await late.start()).state, 'ready')
    assert.equal(late.system.waitedMs, 6000)
    const never = machine({ pools: [] })
    assert.equal((await never.start()).state, 'unset')
    assert.equal(never.system.waitedMs, 30_000)
    const iso = machine({ pools: [], files: { '/proc/cmdline': 'spirula.medium=iso' } })
    assert.equal((await iso.start()).state, 'unset')
    assert.equal(iso.system.waitedMs, 0)
  })
  test('no ZFS at all', async () => {
    const { start } = machine({ pools: new AppError('PoolUnavailable', 'This kernel has no ZFS.') })
    const { state, reason } = await start()
    assert.equal(state, 'failed')
    assert.match(reason ?? '', /This kernel has no ZFS/)
  })
  test('the settings cannot be mounted', async () => {
    const { start } = machine({ answers: { 'zfs create -o mountpoint=/usbkey': 1 } })
    const { state, reason } = await start()
    assert.equal(state, 'failed')
    assert.match(reason ?? '', /zones\/usbkey could not be mounted/)
  })
  test('one that is degraded is used, and told', async () => {
    const { start } = machine({ pools: [{ ...zones, state: 'DEGRADED', reason: 'The pool zones is DEGRADED.' }] })
    const { state, problems } = await start()
    assert.deepEqual([state, problems], ['ready', ['The pool zones is DEGRADED.']])
  })
})

describe('a factory reset', () => {
  const marked = { 'zfs get -H -o value org.spirula:factoryreset zones': 'yes\n' }
  test('destroys the pool before anything of it is mounted', async () => {
    const { system, start } = machine({ answers: marked })
    const { state, reason } = await start()
    assert.equal(state, 'unset')
    assert.match(reason ?? '', /factory reset/)
    assert.ok(system.ran.includes('zpool destroy -f zones'))
    assert.equal(system.mounts.size, 0)
  })
  test('is not done in a rescue boot', async () => {
    const { system, start } = machine({ answers: marked, files: { '/proc/cmdline': 'noimport' } })
    assert.equal((await start()).state, 'rescue')
    assert.equal(
      system.ran.some((line) => line.includes('destroy')),
      false,
    )
  })
  test('that fails leaves the pool unused', async () => {
    const { start } = machine({ answers: { ...marked, 'zpool destroy': 1 } })
    assert.equal((await start()).state, 'failed')
  })
})

describe('a step that fails', () => {
  // Without these there is nothing to be ready with.
  const fatal = new Set(['import', 'settings'])
  for (const broken of startSteps) {
    test(`${broken.name}: the others are done, the state tells, a login stays possible`, async () => {
      const { system } = machine()
      const steps = startSteps.map((step) =>
        step === broken ? { name: step.name, run: () => Promise.reject(new AppError('CommandFailed', 'It is broken.')) } : step,
      )
      const pools: Pools = { importPools: async () => [zones], mountPool: async () => [] }
      const state = await startNode({ system, pools, readNics: async () => nics, steps })
      assert.equal(state.steps.find(({ name }) => name === broken.name)?.outcome, 'failed')
      assert.equal(state.steps.length, startSteps.length)
      assert.match(state.problems.join('\n'), new RegExp(`Step ${broken.name} of the start failed: It is broken\\.`))
      assert.equal(state.state, fatal.has(broken.name) ? 'failed' : 'ready')
      assert.equal(system.files.has('/run/spirula/ready'), state.state === 'ready')
      assert.ok(system.files.has('/run/spirula/boot.json'))
      for (const { name, outcome } of state.steps) if (name !== broken.name) assert.notEqual(outcome, 'failed', name)
    })
  }
})
