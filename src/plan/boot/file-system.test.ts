import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decideBoot, planActivate } from './decide.ts'
import { planBootFileSystem, type BootFileSystemFacts, type BootFileSystemWanted, type BootStep } from './file-system.ts'

const stamps = ['20261101T000000Z', '20261102T000000Z', '20261103T000000Z', '20261104T000000Z'] as const
const [a, b, c, d] = stamps
const mebibyte = 1 << 20
const size = 200 * mebibyte
const all = new Map<string, number>(stamps.map((stamp) => [stamp, size]))

function image(stamp: string, whole = true): { stamp: string; bytes: number; whole: boolean } {
  return { stamp, bytes: size, whole }
}

function stepsOf(facts: BootFileSystemFacts, wanted: BootFileSystemWanted): string[] {
  const plan = planBootFileSystem(facts, wanted)
  assert.ok('steps' in plan, JSON.stringify(plan))
  return plan.steps.map((step) => (step.kind === 'environment.write' ? `default ${step.environment.default}` : `${step.kind} ${step.stamp}`))
}

test('with room enough everything that is on the pool is there', () => {
  const facts = { images: [image(a)], freeBytes: 1000 * mebibyte, environment: { default: a, good: a, tries: 0 } }
  const wanted = { environment: planActivate(facts.environment, b), available: all, running: a }
  assert.deepEqual(stepsOf(facts, wanted), [`image.copy ${b}`, `image.copy ${d}`, `image.copy ${c}`, `default ${b}`])
})

test('on a small one older ones go, the good one stays', () => {
  const facts = { images: [image(a), image(b), image(c)], freeBytes: 10 * mebibyte, environment: { default: b, good: a, tries: 0 } }
  assert.deepEqual(stepsOf(facts, { environment: planActivate(facts.environment, d), available: all, running: a }), [
    `default ${a}`,
    `image.remove ${b}`,
    `image.copy ${d}`,
    `default ${d}`,
  ])
})

test('leftovers go first and give their room', () => {
  const facts = { images: [image(a), image(b, false)], freeBytes: 5 * mebibyte, environment: { default: a, good: a, tries: 0 } }
  assert.deepEqual(stepsOf(facts, { environment: planActivate(facts.environment, b), available: all, running: a }), [
    `image.remove ${b}`,
    `image.copy ${b}`,
    `default ${b}`,
  ])
})

test('without room, or without the image, it is refused with a reason', () => {
  const facts = { images: [image(a)], freeBytes: 5 * mebibyte, environment: { default: a, good: a, tries: 0 } }
  assert.match(
    JSON.stringify(planBootFileSystem(facts, { environment: planActivate(facts.environment, b), available: all, running: a })),
    /197 MiB are missing/,
  )
  const lost = planBootFileSystem(facts, { environment: planActivate(facts.environment, b), available: new Map(), running: a })
  assert.match(JSON.stringify(lost), /nowhere whole/)
})

test('the only image of a boot file system is not forgotten, others are', () => {
  const alone = { images: [image(a)], freeBytes: 0, environment: { tries: 0 } }
  assert.match(JSON.stringify(planBootFileSystem(alone, { environment: { tries: 0 }, available: new Map(), forget: a, running: null })), /the image it boots/)
  const two = { images: [image(a), image(b)], freeBytes: 1000 * mebibyte, environment: { default: b, good: b, tries: 0 } }
  assert.deepEqual(stepsOf(two, { environment: two.environment, available: new Map(), forget: a, running: b }), [`image.remove ${a}`, `default ${b}`])
})

const maybeStamp = fc.constantFrom(...stamps)

test('a power cut after any step leaves the good image whole and something to boot; the end is what was wanted', () => {
  const facts = fc.record({
    present: fc.uniqueArray(maybeStamp, { maxLength: 4 }),
    brokenOnes: fc.subarray([...stamps]),
    free: fc.integer({ min: 0, max: 700 }),
    good: maybeStamp,
    default: maybeStamp,
    tries: fc.integer({ min: 0, max: 2 }),
    activated: maybeStamp,
    running: maybeStamp,
  })
  fc.assert(
    fc.property(facts, (random) => {
      const images = random.present.map((stamp) => image(stamp, !random.brokenOnes.includes(stamp) || stamp === random.good))
      const environment = { default: random.default, good: random.good, tries: random.tries }
      const wanted = { environment: planActivate(environment, random.activated), available: all, running: random.running }
      const plan = planBootFileSystem({ images, freeBytes: random.free * mebibyte, environment }, wanted)
      if ('refusal' in plan) return
      checkEachStep({ images, environment, free: random.free * mebibyte }, plan.steps)
    }),
    { numRuns: 500 },
  )
})

function checkEachStep(
  start: { images: { stamp: string; bytes: number; whole: boolean }[]; environment: BootFileSystemFacts['environment']; free: number },
  steps: readonly BootStep[],
): void {
  let { environment, free } = start
  const whole = new Set(start.images.filter((one) => one.whole).map((one) => one.stamp))
  const hadGood = whole.has(environment.good ?? '')
  const hadAny = whole.size > 0
  for (const step of steps) {
    if (step.kind === 'image.remove') {
      whole.delete(step.stamp)
      free += size
    } else if (step.kind === 'image.copy') {
      assert.ok(!whole.has(step.stamp), 'a whole image is written over')
      free -= size
      whole.add(step.stamp)
    } else environment = step.environment
    assert.ok(free >= 0, 'it does not fit')
    if (hadGood) assert.ok(whole.has(environment.good ?? ''), 'the good image is gone')
    if (hadAny) assert.notEqual(decideBoot(environment, [...whole]).stamp, null)
  }
  assert.ok(whole.has(environment.default ?? '') && whole.has(environment.good ?? ''))
}
