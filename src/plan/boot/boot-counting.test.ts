import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { BootEnvironment } from '#contracts/platform/boot-environment.ts'
import { bootTries } from '#contracts/platform/names.ts'
import { decideBoot, planActivate, planForget, planHealthy } from './decide.ts'
import { parseEnvironment, renderEnvironment } from './environment.ts'
import { refuseOverwrite, refuseRemoval } from './refusals.ts'

const stamps = ['20261101T000000Z', '20261102T000000Z', '20261103T000000Z', '20261104T000000Z'] as const
const [a, b, c] = stamps
const stamp = fc.constantFrom(...stamps)
const maybe = fc.option(stamp, { nil: undefined })
const environment = fc
  .record({ default: maybe, good: maybe, tries: fc.integer({ min: 0, max: 3 }), failed: maybe })
  .map(({ tries, ...named }): BootEnvironment => {
    const set = Object.entries(named).filter(([, value]) => value !== undefined)
    return { ...Object.fromEntries(set), tries }
  })

test('an environment comes back from its block, and variables of others stay', () => {
  fc.assert(
    fc.property(environment, (value) => {
      const block = renderEnvironment({ environment: value, others: new Map([['theirs', '1']]) })
      assert.deepEqual(parseEnvironment(block), { environment: value, others: new Map([['theirs', '1']]) })
    }),
  )
})

test('our variables are in the first sector, and others that do not fit are dropped', () => {
  const full = { default: a, good: b, tries: 2, failed: c }
  const block = renderEnvironment({ environment: full, others: new Map([['theirs', 'x'.repeat(2000)]]) })
  assert.ok(block.toString('latin1').indexOf('spirula_failed=') < 512 - 40)
  assert.deepEqual(parseEnvironment(block), { environment: full, others: new Map() })
})

test('what is no block, no stamp or no count is nothing', () => {
  assert.deepEqual(parseEnvironment(null).environment, { tries: 0 })
  assert.deepEqual(parseEnvironment(Buffer.from('rubbish')).environment, { tries: 0 })
  const text = '# GRUB Environment Block\nspirula_default=../../etc\nspirula_tries=9\nspirula_good=\n'
  assert.deepEqual(parseEnvironment(Buffer.from(text.padEnd(1024, '#'))).environment, { tries: 0 })
})

/** Boots again and again; `isHealthy` says what comes of each boot. Gives the stamps that were booted. */
function bootAll(
  start: BootEnvironment,
  whole: readonly string[],
  isHealthy: (stamp: string) => boolean,
  most = 10,
): { booted: (string | null)[]; end: BootEnvironment } {
  const booted: (string | null)[] = []
  let now = start
  while (booted.length < most) {
    const decision = decideBoot(now, whole)
    now = decision.environment
    booted.push(decision.stamp)
    if (decision.stamp === null) break
    if (isHealthy(decision.stamp)) {
      now = planHealthy(now, { stamp: decision.stamp, ...(decision.failed === undefined ? {} : { failed: decision.failed }) })
      break
    }
  }
  return { booted, end: now }
}

test('whatever fails, the good image is reached after at most bootTries + 1 boots', () => {
  fc.assert(
    fc.property(environment, stamp, (value, activated) => {
      fc.pre(value.good !== undefined)
      const { booted, end } = bootAll(planActivate(value, activated), stamps, (image) => image === value.good)
      assert.equal(booted.at(-1), value.good)
      assert.ok(booted.length <= bootTries + 1, `${booted.length} boots`)
      // And it stays there.
      assert.equal(decideBoot(end, stamps).stamp, value.good)
      assert.equal(end.failed, activated === value.good ? planActivate(value, activated).failed : activated)
    }),
  )
})

test('from any environment the good image is reached when all others fail', () => {
  fc.assert(
    fc.property(environment, fc.subarray([...stamps]), (value, whole) => {
      fc.pre(whole.some((one) => one === value.good))
      const { booted } = bootAll(value, whole, (image) => image === value.good)
      assert.equal(booted.at(-1), value.good)
      assert.ok(booted.length <= 4)
    }),
  )
})

test('a healthy image becomes the good one and the default for good', () => {
  const { booted, end } = bootAll(planActivate({ default: a, good: a, tries: 0 }, b), stamps, () => true)
  assert.deepEqual(booted, [b])
  assert.deepEqual(end, { default: b, good: b, tries: 0 })
})

test('after a healthy boot no boot counts or gives up, whoever chose the image', () => {
  fc.assert(
    fc.property(environment, stamp, (value, picked) => {
      // A settled machine on which somebody picks an entry of the menu.
      fc.pre(value.default !== undefined && value.default === value.good)
      const after = planHealthy(value, { stamp: picked })
      const next = decideBoot(after, stamps)
      assert.equal(next.failed, undefined)
      assert.equal(next.counted, false)
      assert.equal(next.stamp, value.default)
    }),
  )
})

test('there is always something to boot while an image is whole', () => {
  fc.assert(
    fc.property(environment, fc.subarray([...stamps]), (value, whole) => {
      const { stamp: booted } = decideBoot(value, whole)
      if (whole.length === 0) assert.equal(booted, null)
      else assert.ok(whole.includes(booted as (typeof stamps)[number]))
    }),
  )
})

test('a given-up image can be activated again and forgotten', () => {
  const givenUp = { default: b, good: a, tries: 0, failed: b }
  assert.deepEqual(planActivate(givenUp, b), { default: b, good: a, tries: bootTries })
  assert.deepEqual(planForget(givenUp, b), { default: a, good: a, tries: 0 })
  assert.equal(refuseRemoval(b, a, [givenUp]), null)
})

test('the good, the running and the next image are not removed, the good one never written over', () => {
  const now = { default: b, good: a, tries: 2 }
  assert.match(refuseRemoval(a, c, [now]) ?? '', /last good/)
  assert.match(refuseRemoval(b, c, [now]) ?? '', /booted next/)
  assert.match(refuseRemoval(c, c, [now]) ?? '', /running/)
  assert.equal(refuseRemoval(stamps[3], c, [now]), null)
  assert.match(refuseOverwrite(a, c, [now]) ?? '', /last good/)
  assert.match(refuseOverwrite(c, c, [now]) ?? '', /running/)
  assert.equal(refuseOverwrite(b, c, [now]), null)
})
