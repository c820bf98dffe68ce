// namespaces: host (it talks to systemd as process 1)
import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { renderUnit } from '../../../src/setup/unit.ts'
import { attempt, command } from '../../bench/command.ts'
import { listKeepers, startTestNode, testImage, type TestNode } from '../../harness/test-node.ts'

const name = 'spirula-boot-test.service'
const path = `/run/systemd/system/${name}`

test('this machine has cgroup v2 alone, and systemd as process 1', () => {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
  assert.match(mounts, /^cgroup2 \/sys\/fs\/cgroup cgroup2 /m)
  assert.doesNotMatch(mounts, /^\S+ \S+ cgroup /m)
  assert.equal(readFileSync('/proc/1/comm', 'utf8').trim(), 'systemd')
})

async function createMachine(node: TestNode, alias: string): Promise<string> {
  const done = await node.follow('machine.create', { json: { brand: 'lx', alias, image_uuid: testImage, max_physical_memory: 64, cpu_cap: 50, quota: 1 } })
  return (done.result as { uuid: string }).uuid
}

function readGroup(node: TestNode, uuid: string): Record<string, string> {
  const files = ['memory.max', 'memory.swap.max', 'cpu.max', 'cpu.weight', 'pids.max']
  return Object.fromEntries(files.map((file) => [file, readFileSync(join('/sys/fs/cgroup', node.cgroupParent, uuid, file), 'utf8').trim()]))
}

test('the daemon as a unit: zones outlive its restart and stop, and keep their limits whatever systemd does', async (t) => {
  const node = await startTestNode()
  t.after(async () => {
    await attempt(['systemctl', 'stop', name])
    rmSync(path, { force: true })
    await attempt(['systemctl', 'daemon-reload'])
    await node.dispose()
  })
  const argv = readFileSync(`/proc/${node.pid()}/cmdline`, 'utf8').split('\0').slice(0, -1)
  await node.kill()
  writeFileSync(path, renderUnit(argv, join(node.directory, 'daemon.log')))
  await command(['systemctl', 'daemon-reload'])
  await command(['systemctl', 'start', name])
  await waitForDaemon(node)
  const uuid = await createMachine(node, 'kept')
  const limits = readGroup(node, uuid)
  assert.deepEqual(limits, {
    'memory.max': String(64 << 20),
    'memory.swap.max': limits['memory.swap.max'],
    'cpu.max': '50000 100000',
    'cpu.weight': '100',
    'pids.max': '2000',
  })
  const keepers = await listKeepers(node.runDir)
  assert.equal(keepers.length, 1)
  // A unit that takes controllers up and gives them back makes systemd write to the groups at the top.
  await command(['systemd-run', '--wait', '--quiet', '-p', 'CPUWeight=50', '-p', 'IOWeight=50', '-p', 'AllowedCPUs=0', '/bin/true'])
  await command(['systemctl', 'daemon-reload'])
  await command(['systemctl', 'daemon-reexec'])
  await command(['systemctl', 'restart', name])
  await waitForDaemon(node)
  assert.deepEqual(await listKeepers(node.runDir), keepers)
  assert.deepEqual(readGroup(node, uuid), limits)
  const machine = await node.client.json<{ state: string }>('machine.get', { params: { name: 'kept' } })
  assert.equal(machine.state, 'running')
  await command(['systemctl', 'stop', name])
  assert.deepEqual(await listKeepers(node.runDir), keepers)
  await command(['systemctl', 'start', name])
  await waitForDaemon(node)
  await node.follow('machine.delete', { params: { name: uuid } })
  assert.deepEqual(await listKeepers(node.runDir), [])
})

async function waitForDaemon(node: TestNode): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if ((await node.client.json('node.ping').catch(() => null)) !== null) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  assert.fail(`the daemon did not answer: ${await command(['systemctl', 'status', '--no-pager', name]).catch(String)}`)
}
