import assert from 'node:assert/strict'
import { test } from 'node:test'
import { properties } from '#contracts/machine/properties.ts'
import { booleanProperties, integerProperties, listProperties, parseAssignments } from './assignments.ts'

const someIntegers = [0, 1, 16, 256, 512, 1024, 131_072]

/** Of what can be updated, the names whose schema takes one of the values. */
function namesTaking(values: readonly unknown[]): string[] {
  const updatable = Object.entries(properties).filter(([, property]) => property.update && property.collection === undefined)
  return updatable.filter(([, property]) => values.some((value) => property.schema.safeParse(value).success)).map(([name]) => name)
}

test('the lists of types agree with the property table', () => {
  assert.deepEqual(booleanProperties.toSorted(), namesTaking([true]).toSorted())
  assert.deepEqual(integerProperties.toSorted(), namesTaking(someIntegers).toSorted())
  assert.deepEqual(listProperties.toSorted(), namesTaking([[]]).toSorted())
})

const cases: [string, unknown][] = [
  ['alias=123', '123'],
  ['alias=', ''],
  ['alias=a=b', 'a=b'],
  ['ram=1024', 1024],
  ['quota=ten', 'ten'],
  ['quota=', ''],
  ['autoboot=false', false],
  ['autoboot=no', 'no'],
  ['resolvers=8.8.8.8,1.1.1.1', ['8.8.8.8', '1.1.1.1']],
  ['resolvers=', []],
  ['remove_nics=02:08:20:1c:5e:11', ['02:08:20:1c:5e:11']],
  ['set_tags={"role":"web"}', { role: 'web' }],
]

for (const [word, value] of cases) {
  test(word, () => assert.deepEqual(Object.values(parseAssignments([word])), [value]))
}

test('words that are none, and broken JSON, are refused', () => {
  assert.throws(() => parseAssignments(['alias']), { code: 'Usage' })
  assert.throws(() => parseAssignments(['=x']), { code: 'Usage' })
  assert.throws(() => parseAssignments(['set_tags={"role":']), { code: 'InvalidJson' })
})
