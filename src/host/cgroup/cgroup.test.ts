import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ZoneLimits } from '#host/runtime.ts'
import { controllerDirectory, delegatedDirectory, groupDirectories, parseLayout } from './layout.ts'
import { renderLimits } from './limits.ts'
import { parseStat } from './usage.ts'

const limits: ZoneLimits = {
  max_physical_memory: 256,
  max_swap: 512,
  max_locked_memory: 256,
  cpu_cap: 150,
  cpu_shares: 100,
  max_lwps: 2000,
  zfs_io_priority: 100,
}

function written(version: 1 | 2, changes: Partial<ZoneLimits> = {}): string[] {
  return renderLimits(version, { ...limits, ...changes }).map(({ file, value }) => `${file}=${value}`)
}

test('limits for cgroup v1: memory and swap together are lifted before memory is set', () => {
  assert.deepEqual(written(1), [
    'memory.memsw.limit_in_bytes=-1',
    'memory.limit_in_bytes=268435456',
    'memory.memsw.limit_in_bytes=536870912',
    'cpu.cfs_period_us=100000',
    'cpu.cfs_quota_us=150000',
    'cpu.shares=1024',
    'pids.max=2000',
    'blkio.weight=100',
    'blkio.bfq.weight=100',
  ])
})

test('limits for cgroup v2: swap alone', () => {
  assert.deepEqual(written(2), [
    'memory.max=268435456',
    'memory.swap.max=268435456',
    'cpu.max=150000 100000',
    'cpu.weight=100',
    'pids.max=2000',
    'io.weight=default 100',
    'io.bfq.weight=default 100',
  ])
})

test("no cap is no quota; values outside of the kernel's range are brought into it", () => {
  assert.ok(written(1, { cpu_cap: null }).includes('cpu.cfs_quota_us=-1'))
  assert.ok(written(2, { cpu_cap: null }).includes('cpu.max=max 100000'))
  assert.ok(written(2, { cpu_cap: 0 }).includes('cpu.max=max 100000'))
  assert.ok(written(1, { cpu_cap: 0.1 }).includes('cpu.cfs_quota_us=1000'))
  assert.ok(written(2, { cpu_shares: 65_535 }).includes('cpu.weight=10000'))
  assert.ok(written(1, { cpu_shares: 65_535 }).includes('cpu.shares=262144'))
  assert.ok(written(2, { max_swap: 256 }).includes('memory.swap.max=0'))
})

const hybrid = `tmpfs /sys/fs/cgroup tmpfs rw 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0
cgroup /sys/fs/cgroup/systemd cgroup rw,relatime,name=systemd 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0
`

test('a hybrid host is v1 with a cgroup2 tree to delegate', () => {
  const layout = parseLayout(hybrid, 'spirula')
  assert.deepEqual(layout, {
    version: 1,
    parent: 'spirula',
    unified: '/sys/fs/cgroup/unified',
    controllers: {
      'cpu': '/sys/fs/cgroup/cpu,cpuacct',
      'cpuacct': '/sys/fs/cgroup/cpu,cpuacct',
      'memory': '/sys/fs/cgroup/memory',
      'name=systemd': '/sys/fs/cgroup/systemd',
    },
  })
  assert.deepEqual(groupDirectories(layout, 'z'), [
    '/sys/fs/cgroup/cpu,cpuacct/spirula/z',
    '/sys/fs/cgroup/memory/spirula/z',
    '/sys/fs/cgroup/systemd/spirula/z',
    '/sys/fs/cgroup/unified/spirula/z',
  ])
  assert.equal(delegatedDirectory(layout, 'z'), '/sys/fs/cgroup/unified/spirula/z')
  assert.equal(controllerDirectory(layout, 'pids', 'z'), null)
})

test('a pure v2 host', () => {
  const layout = parseLayout('cgroup2 /sys/fs/cgroup cgroup2 rw,nsdelegate 0 0\n', 'spirula')
  assert.deepEqual(layout, { version: 2, parent: 'spirula', root: '/sys/fs/cgroup' })
  assert.deepEqual(groupDirectories(layout, 'z'), ['/sys/fs/cgroup/spirula/z'])
  assert.equal(controllerDirectory(layout, 'memory', 'z'), '/sys/fs/cgroup/spirula/z')
})

test('a key of a stat file', () => {
  assert.equal(parseStat('usage_usec 12\ninactive_file 7\n', 'inactive_file'), 7)
  assert.equal(parseStat('total_inactive_file 9\n', 'inactive_file'), 0)
  assert.equal(parseStat(null, 'x'), 0)
})
