import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { allRoutes, renderGenerated } from '../../tools/generate.ts'

const root = join(import.meta.dirname, '../..')

for (const { path, text } of await renderGenerated(root)) {
  test(`${path} is current`, () => {
    assert.equal(readFileSync(join(root, path), 'utf8'), text, 'run `npm run generate` and commit the result')
  })
}

test('every reference in the API document has a target', () => {
  const text = readFileSync(join(root, 'docs/reference/openapi.json'), 'utf8')
  const { components } = JSON.parse(text) as { components: { schemas: Record<string, unknown> } }
  const targets = [...text.matchAll(/"\$ref": "([^"]+)"/g)].map(([, target]) => target!)
  assert.ok(targets.length > 50)
  assert.deepEqual(
    targets.filter((target) => !Object.hasOwn(components.schemas, target.replace('#/components/schemas/', ''))),
    [],
  )
})

test('ids and places of routes are unique, and ids are noun.verb', () => {
  const places = allRoutes.map(({ method, path }) => `${method} ${path.replaceAll(/:\w+/g, ':x')}`)
  assert.deepEqual(
    places.filter((place, index) => places.indexOf(place) !== index),
    [],
  )
  const ids = allRoutes.map(({ id }) => id)
  assert.equal(new Set(ids).size, ids.length)
  assert.deepEqual(
    ids.filter((id) => !/^[a-z_]+\.[a-z_]+$/.test(id)),
    [],
  )
})
