import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Difference, diffJson, isSame } from './diff.ts'

const keys = { nics: 'mac', snapshots: 'name' }
type Tree = Record<string | number, unknown>

function applyAll(value: unknown, differences: Difference[]): unknown {
  return differences.reduce(applyOne, structuredClone(value))
}

function applyOne(value: unknown, { path, action, newValue }: Difference): unknown {
  const last = path.at(-1)
  if (last === undefined) return newValue
  const parent = path.slice(0, -1).reduce<unknown>((inner, step) => (inner as Tree)[step], value)
  if (Array.isArray(parent) && action !== 'changed') parent.splice(Number(last), action === 'removed' ? 1 : 0, ...(action === 'added' ? [newValue] : []))
  else if (action === 'removed') delete (parent as Tree)[last]
  else Object.defineProperty(parent, last, { value: newValue, enumerable: true, configurable: true, writable: true })
  return value
}

const item = fc.record(
  { mac: fc.constantFrom('a', 'b', 'c', 'd'), ip: fc.constantFrom('1', '2'), ips: fc.array(fc.constantFrom('x', 'y'), { maxLength: 2 }) },
  { requiredKeys: ['mac'], noNullPrototype: true },
)
const machine = fc.record(
  {
    nics: fc.array(item, { maxLength: 4 }),
    tags: fc.dictionary(fc.constantFrom('p', 'q'), fc.integer({ max: 2, min: 0 }), { noNullPrototype: true }),
    alias: fc.constantFrom('m', 'n'),
  },
  { requiredKeys: [], noNullPrototype: true },
)

test('applying the differences gives the second value', () => {
  fc.assert(
    fc.property(machine, machine, (before, after) => assert.deepEqual(applyAll(before, diffJson(before, after, keys)), after)),
    { numRuns: 1000 },
  )
  // V8's own `__proto__` cannot be walked into by the little patcher above.
  const json = fc.jsonValue({ maxDepth: 3 }).filter((value) => !JSON.stringify(value).includes('__proto__'))
  fc.assert(
    fc.property(json, json, (before, after) => assert.ok(isSame(applyAll(before, diffJson(before, after, keys)), after))),
    { numRuns: 300 },
  )
})

test('equal values have no differences', () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => assert.deepEqual(diffJson(value, structuredClone(value), keys), [])))
})

test('a new first nic is one difference', () => {
  const before = { nics: [{ mac: 'b', ip: '1' }], snapshots: [{ name: 'old' }] }
  const after = {
    nics: [
      { mac: 'a', ip: '2' },
      { mac: 'b', ip: '3' },
    ],
    snapshots: [{ name: 'new' }, { name: 'old' }],
  }
  assert.deepEqual(diffJson(before, after, keys), [
    { prettyPath: 'nics.0', path: ['nics', 0], action: 'added', newValue: { mac: 'a', ip: '2' } },
    { prettyPath: 'nics.1.ip', path: ['nics', 1, 'ip'], action: 'changed', oldValue: '1', newValue: '3' },
    { prettyPath: 'snapshots.0', path: ['snapshots', 0], action: 'added', newValue: { name: 'new' } },
  ])
})

test('what was given and taken carries its values', () => {
  assert.deepEqual(diffJson({ alias: 'a', ips: ['1'] }, { ips: ['1', '2'], quota: 5 }), [
    { prettyPath: 'alias', path: ['alias'], action: 'removed', oldValue: 'a' },
    { prettyPath: 'ips', path: ['ips'], action: 'changed', oldValue: ['1'], newValue: ['1', '2'] },
    { prettyPath: 'quota', path: ['quota'], action: 'added', newValue: 5 },
  ])
})
