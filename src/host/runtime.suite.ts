import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { isAppError } from '#contracts/errors.ts'
import { type Context, silentLog } from './context.ts'
import type { ZoneExit, ZoneRuntime, ZoneSpec } from './runtime.ts'

/** What a maker gives for one case. */
export interface RuntimeFixture {
  runtime: ZoneRuntime
  /** A small zone with a name of its own, whose init waits for ever. */
  spec(changes?: Partial<ZoneSpec>): ZoneSpec
}

export function testContext(signal: AbortSignal = new AbortController().signal): Context {
  return { signal, log: silentLog, now: () => new Date() }
}

/** Resolves with the next exit; attach before what causes it. */
export async function nextExit(runtime: ZoneRuntime): Promise<ZoneExit> {
  const { promise, resolve } = Promise.withResolvers<ZoneExit>()
  const stop = runtime.onExit(resolve)
  // The links to keepers do not keep a process alive.
  const alive = setTimeout(() => {}, 20_000)
  return await promise.finally(() => {
    stop()
    clearTimeout(alive)
  })
}

type Case = (fixture: RuntimeFixture) => Promise<void>

const context = testContext()

const cases: Record<string, Case> = {
  'prepare, launch, remove: each stage is seen': async ({ runtime, spec }) => {
    const zone = spec()
    assert.equal(await runtime.read(zone.uuid), null)
    const prepared = await runtime.prepare(zone, context)
    assert.equal(prepared.uuid, zone.uuid)
    assert.deepEqual(await runtime.read(zone.uuid), {
      uuid: zone.uuid,
      zoneid: zone.zoneid,
      stage: 'prepared',
      pid: null,
      netns: prepared.netns,
      started_at: null,
    })
    const running = await runtime.launch(zone.uuid, context)
    assert.equal(running.stage, 'running')
    assert.ok((running.pid ?? 0) > 1)
    assert.match(running.started_at ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    assert.deepEqual(
      (await runtime.list()).filter(({ uuid }) => uuid === zone.uuid),
      [running],
    )
    await runtime.remove(zone.uuid, context)
    assert.equal(await runtime.read(zone.uuid), null)
    assert.ok(!(await runtime.list()).some(({ uuid }) => uuid === zone.uuid))
  },

  'an end of init is told once, and stays visible until removal': async ({ runtime, spec }) => {
    const zone = spec()
    await runtime.prepare(zone, context)
    await runtime.launch(zone.uuid, context)
    const exits: ZoneExit[] = []
    const stop = runtime.onExit((exit) => exits.push(exit))
    const exit = nextExit(runtime)
    await runtime.signal(zone.uuid, 'SIGKILL', context)
    assert.equal((await exit).exit_status, -9)
    assert.equal((await runtime.read(zone.uuid))?.stage, 'exited')
    await assert.rejects(runtime.signal(zone.uuid, 'SIGKILL', context), (error) => isAppError(error, 'RuntimeFailed'))
    await runtime.remove(zone.uuid, context)
    stop()
    assert.deepEqual(
      exits.map(({ uuid }) => uuid),
      [zone.uuid],
    )
  },

  'removing a running zone tells its end too': async ({ runtime, spec }) => {
    const zone = spec()
    await runtime.prepare(zone, context)
    await runtime.launch(zone.uuid, context)
    const exit = nextExit(runtime)
    await runtime.remove(zone.uuid, context)
    assert.deepEqual(await exit.then(({ uuid, exit_status }) => ({ uuid, exit_status })), { uuid: zone.uuid, exit_status: -9 })
  },

  'remove is fine at any stage, again, and for no zone at all': async ({ runtime, spec }) => {
    const zone = spec()
    await runtime.remove(zone.uuid, context)
    await runtime.prepare(zone, context)
    await runtime.remove(zone.uuid, context)
    await runtime.remove(zone.uuid, context)
    assert.equal(await runtime.read(zone.uuid), null)
    await runtime.prepare(zone, context)
    assert.equal((await runtime.launch(zone.uuid, context)).stage, 'running')
  },

  'what makes no sense is refused and changes nothing': async ({ runtime, spec }) => {
    const zone = spec()
    const refused = (error: unknown): boolean => isAppError(error, 'RuntimeFailed')
    await assert.rejects(runtime.launch(zone.uuid, context), refused)
    await assert.rejects(runtime.signal(zone.uuid, 15, context), refused)
    await assert.rejects(runtime.exec(zone.uuid, ['true'], { timeout_ms: 1000 }, context), refused)
    assert.throws(() => runtime.execCommand(zone.uuid, ['true'], { tty: false }), refused)
    await runtime.prepare(zone, context)
    await assert.rejects(runtime.prepare(zone, context), refused)
    assert.equal((await runtime.read(zone.uuid))?.stage, 'prepared')
    await runtime.launch(zone.uuid, context)
    await assert.rejects(runtime.launch(zone.uuid, context), refused)
    assert.equal((await runtime.read(zone.uuid))?.stage, 'running')
  },

  'a cancelled prepare leaves nothing': async ({ runtime, spec }) => {
    const zone = spec()
    await assert.rejects(runtime.prepare(zone, testContext(AbortSignal.abort())), (error) => isAppError(error, 'Cancelled'))
    assert.equal(await runtime.read(zone.uuid), null)
  },

  'a running zone can be used: exec, limits, usage, console': async ({ runtime, spec }) => {
    const zone = spec()
    assert.equal(await runtime.readUsage(zone.uuid), null)
    await runtime.prepare(zone, context)
    await runtime.launch(zone.uuid, context)
    assert.equal((await runtime.exec(zone.uuid, ['true'], { timeout_ms: 10_000 }, context)).exit_code, 0)
    await runtime.setLimits(zone.uuid, { ...zone.limits, cpu_cap: 50 }, context)
    assert.ok(((await runtime.readUsage(zone.uuid))?.lwps ?? 0) >= 1)
    assert.ok(runtime.execCommand(zone.uuid, ['true'], { tty: false })[0]?.startsWith('/'))
    assert.ok(runtime.consoleSocket(zone.uuid).includes(zone.uuid))
  },
}

/** Registers the cases that every zone runtime passes; `make` gives a fresh fixture and registers its clean-up. */
export function registerRuntimeSuite(name: string, make: (t: TestContext) => Promise<RuntimeFixture>): void {
  for (const [title, run] of Object.entries(cases)) test(`${name}: ${title}`, async (t) => await run(await make(t)))
}
