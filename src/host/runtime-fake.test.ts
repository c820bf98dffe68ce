import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeRuntime } from './runtime-fake.ts'
import { registerRuntimeSuite, testContext } from './runtime.suite.ts'
import type { ZoneSpec } from './runtime.ts'

let serial = 0

function fakeSpec(changes: Partial<ZoneSpec> = {}): ZoneSpec {
  serial += 1
  return {
    uuid: `00000000-0000-4000-8000-${String(serial).padStart(12, '0')}`,
    zoneid: serial,
    hostname: 'z',
    root: '/pool/z',
    uid_base: 1_000_000,
    init: ['/sbin/init'],
    env: {},
    systemd: false,
    limits: { max_physical_memory: 256, max_swap: 256, max_locked_memory: 256, cpu_cap: null, cpu_shares: 100, max_lwps: 2000, zfs_io_priority: 100 },
    tmpfs_mib: 0,
    mounts: [],
    limit_priv: ['default'],
    log_path: '/pool/log',
    log_max_bytes: 1024,
    exit_path: '/pool/exit',
    ...changes,
  }
}

registerRuntimeSuite('fake', async () => ({ runtime: createFakeRuntime(), spec: fakeSpec }))

test('the switches of the fake: a failure, an exit, a lost keeper', async () => {
  const runtime = createFakeRuntime({ now: () => new Date(0) })
  const zone = fakeSpec()
  runtime.failNext('prepare', new Error('full'))
  await assert.rejects(runtime.prepare(zone, testContext()), /full/)
  assert.equal(await runtime.read(zone.uuid), null)
  await runtime.prepare(zone, testContext())
  await runtime.launch(zone.uuid, testContext())
  const exits: unknown[] = []
  runtime.onExit((exit) => exits.push(exit))
  runtime.exitZone(zone.uuid, 3)
  assert.deepEqual(exits, [{ uuid: zone.uuid, exit_status: 3, exit_timestamp: '1970-01-01T00:00:00.000Z' }])
  runtime.loseKeeper(zone.uuid)
  assert.equal((await runtime.list())[0]?.stage, 'orphaned')
  assert.deepEqual(runtime.calls, [`prepare ${zone.uuid}`, `launch ${zone.uuid}`])
})
