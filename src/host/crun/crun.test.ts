import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '#contracts/errors.ts'
import type { ZoneSpec } from '#host/runtime.ts'
import { execArgv, keeperArgv } from './argv.ts'
import { planCapabilities } from './capabilities.ts'
import { parseExit, parseHardLimit, parseKeeperLine, parseSignal } from './parse.ts'
import { renderSeccomp } from './seccomp.ts'
import { renderConfig } from './spec.ts'

const uuid = '7a5d3c0e-1111-4222-8333-944455556666'
const spec: ZoneSpec = {
  uuid,
  zoneid: 3,
  hostname: 'web01',
  root: '/zones/u/root',
  uid_base: 196_608,
  init: ['/sbin/init'],
  env: { LANG: 'C.UTF-8' },
  systemd: true,
  limits: { max_physical_memory: 256, max_swap: 512, max_locked_memory: 128, cpu_cap: 100, cpu_shares: 100, max_lwps: 2000, zfs_io_priority: 100 },
  tmpfs_mib: 64,
  mounts: [
    { source: '/zones/u/data', target: '/data', read_only: false, idmap: true },
    { source: '/run/md', target: '/native', read_only: true, idmap: false, options: ['noexec'] },
  ],
  limit_priv: ['default'],
  log_path: '/zones/u/logs/console.log',
  log_max_bytes: 1000,
  exit_path: '/zones/u/lastexited.json',
}
const facts = {
  rootfs: '/run/spirula/zones/u/rootfs',
  mounted: '/run/spirula/zones/u/mounts',
  lxcfs: '/run/spirula/lxcfs',
  cgroup2: true,
  cgroup_parent: 'spirula',
  architecture: 'x64',
  max_nofile: 20_000,
  max_memlock: Number.MAX_SAFE_INTEGER,
}
const options = { run_dir: '/run/spirula', keeper: '/opt/keeper', lxcfs: null, cgroup_parent: 'spirula' }

test('config.json of a systemd zone', (t) => {
  t.assert.snapshot(renderConfig(spec, facts))
})

test('config.json of a small zone: no cgroup tree, no tmpfs, read-only /sys, no lxcfs', () => {
  const config = JSON.stringify(renderConfig({ ...spec, systemd: false, tmpfs_mib: 0, mounts: [] }, { ...facts, lxcfs: null, cgroup2: false }))
  for (const absent of ['cgroup2', '"/tmp"', '"/run"', 'lxcfs']) assert.ok(!config.includes(absent), absent)
  assert.match(config, /"\/sys","type":"sysfs","source":"sysfs","options":\["nosuid","noexec","nodev","ro"\]/)
})

test('the keeper is told everything on its command line', () => {
  assert.deepEqual(keeperArgv(options, spec, { directory: '/sys/fs/cgroup/unified/spirula/u', join: true }), [
    '/opt/keeper',
    'serve',
    `dir=/run/spirula/zones/${uuid}`,
    `uuid=${uuid}`,
    'crun=/usr/bin/crun',
    'root=/run/spirula/crun',
    'uid_base=196608',
    'log=/zones/u/logs/console.log',
    'log_max=1000',
    'exit=/zones/u/lastexited.json',
    'cgroup2=/sys/fs/cgroup/unified/spirula/u',
    'join=1',
    '--',
    '/zones/u/root',
    `/run/spirula/zones/${uuid}/rootfs`,
    'map,nodev',
    '/zones/u/data',
    `/run/spirula/zones/${uuid}/mounts/0`,
    'map,nodev',
    '/run/md',
    `/run/spirula/zones/${uuid}/mounts/1`,
    'nodev,ro,noexec',
  ])
})

test("exec: root by default, numbers go to crun, names to the zone's own su", () => {
  const plan = { uuid, keeper_pid: 42, cgroup2: null, tty: true, argv: ['ls', "it's"], env: { TERM: 'vt100' } }
  const root = execArgv(options, plan)
  assert.deepEqual(root.slice(0, 9), ['/opt/keeper', 'enter', '42', '-', '/usr/bin/crun', '--root', '/run/spirula/crun', 'exec', '-t'])
  assert.ok(root.includes('--env=TERM=vt100'))
  assert.ok(!root.includes('--env=TERM=xterm'))
  assert.deepEqual(root.slice(-3), [uuid, 'ls', "it's"])
  assert.deepEqual(execArgv(options, { ...plan, user: '1000:100' }).slice(9, 11), ['-u', '1000:100'])
  assert.deepEqual(execArgv(options, { ...plan, user: 'ada' }).slice(-6), [uuid, 'su', '-', 'ada', '-c', String.raw`'ls' 'it'\''s'`])
  assert.deepEqual(execArgv(options, { ...plan, user: 'ada', argv: [] }).slice(-3), ['su', '-', 'ada'])
})

test('limit_priv: words add, taking away wins, unknown words change nothing', () => {
  const minimal = planCapabilities(['default'])
  assert.ok(minimal.includes('CAP_SYS_ADMIN') && !minimal.includes('CAP_SYS_TIME') && !minimal.includes('CAP_SYS_MODULE') && !minimal.includes('CAP_BPF'))
  assert.deepEqual(planCapabilities([]), minimal)
  assert.deepEqual(planCapabilities(['default', '-file_link_any', 'dtrace_user']), minimal)
  assert.ok(!planCapabilities(['default', '!sys_ip_config']).includes('CAP_NET_ADMIN'))
  assert.ok(!planCapabilities(['!net_rawaccess', 'default', 'net_rawaccess']).includes('CAP_NET_RAW'))
  assert.ok(planCapabilities(['default', 'sys_time']).includes('CAP_SYS_TIME'))
})

test("seccomp refuses the kernel's doors and names every call once", () => {
  const { defaultAction, syscalls } = renderSeccomp('x64')
  const names = syscalls.flatMap((rule) => rule.names)
  assert.equal(defaultAction, 'SCMP_ACT_ALLOW')
  assert.equal(new Set(names).size, names.length)
  for (const name of ['kexec_load', 'init_module', 'bpf', 'perf_event_open', 'userfaultfd', 'open_by_handle_at', 'swapon', 'keyctl'])
    assert.ok(names.includes(name), name)
  for (const name of ['mount', 'unshare', 'clone3', 'reboot']) assert.ok(!names.includes(name), name)
})

test('lines of the keeper', () => {
  assert.deepEqual(parseKeeperLine('keeper 12 prepared 0 -'), { kind: 'keeper', pid: 12, stage: 'prepared', init: 0, started_at: null })
  assert.deepEqual(parseKeeperLine('keeper 12 running 15 2026-01-01T00:00:00.000Z'), {
    kind: 'keeper',
    pid: 12,
    stage: 'running',
    init: 15,
    started_at: '2026-01-01T00:00:00.000Z',
  })
  assert.deepEqual(parseKeeperLine('exit -9 T'), { kind: 'exit', exit_status: -9, exit_timestamp: 'T' })
  assert.deepEqual(parseKeeperLine('failed crun: no such file'), { kind: 'failed', text: 'crun: no such file' })
  assert.equal(parseKeeperLine('HTTP/1.1 400').kind, 'failed')
})

test('signals by name, number, and as systemd counts', () => {
  assert.deepEqual(['SIGTERM', 'term', '9', 9, 'SIGRTMIN+3', 'RTMIN'].map(parseSignal), [15, 15, 9, 9, 37, 34])
  for (const wrong of ['SIGNONE', 0, 65, '-1', ''])
    assert.throws(
      () => parseSignal(wrong),
      (error) => isAppError(error, 'InvalidPayload'),
    )
})

test('notes and limits that others wrote', () => {
  assert.deepEqual(parseExit(uuid, '{"exit_status":-9,"exit_timestamp":"T"}'), { uuid, exit_status: -9, exit_timestamp: 'T' })
  assert.equal(parseExit(uuid, '{"exit_st'), null)
  assert.equal(parseExit(uuid, null), null)
  const limits =
    'Limit                     Soft Limit           Hard Limit           Units     \nMax open files            1024                 20000                files     \nMax locked memory         8388608              unlimited            bytes     \n'
  assert.equal(parseHardLimit(limits, 'Max open files'), 20_000)
  assert.equal(parseHardLimit(limits, 'Max locked memory'), Number.MAX_SAFE_INTEGER)
})
