import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { z } from 'zod'
import { createKeys, parsePayloadKey, updateKeys } from './payload.ts'
import { properties } from './properties.ts'
import type { Property, PropertyTable } from './properties-shape.ts'

function* everyProperty(table: PropertyTable = properties, path = ''): Generator<[string, Property]> {
  for (const [name, property] of Object.entries(table)) {
    yield [`${path}${name}`, property]
    if (property.collection?.kind === 'list') yield* everyProperty(property.collection.fields, `${path}${name}.*.`)
  }
}

test('each property is described, and its example is valid', () => {
  for (const [name, property] of everyProperty()) {
    assert.ok(property.description.length > 2 && property.default.length > 0 && property.brands.length > 0, name)
    assert.ok(!property.description.endsWith('.'), name)
    if (property.example !== undefined) assert.ok(property.schema.safeParse(property.example).success, name)
    assert.equal(property.effect === 'read', !property.create && !property.update, name)
  }
})

test('each schema yields JSON Schema with the description', () => {
  for (const [name, property] of everyProperty()) {
    const schema = z.toJSONSchema(property.schema, { io: 'input' })
    assert.equal(schema.description, property.description, name)
  }
  assert.deepEqual(z.toJSONSchema(properties['quota']?.schema ?? z.never())['unit'], 'GiB')
})

test('messages of mistakes go on after a path, or are SmartOS’s sentences', () => {
  for (const [name, property] of everyProperty()) {
    for (const bad of [{}, -5, -5.5, 10 ** 17, '\u0000', 'x'.repeat(5000), ['\u0000'], Array(200).fill('a')]) {
      const message = property.schema.safeParse(bad).error?.issues[0]?.message
      if (message === undefined || property.effect === 'read') continue
      assert.match(message, /^(must |VNC password is too long|Maximum of 13|invalid (value|or missing)|nic\.\*\.ips contains)/, name)
    }
  }
})

test('keys of payloads by brand', () => {
  const create = createKeys('lx')
  for (const name of ['brand', 'nics', 'tags', 'quota', 'kernel_version', 'docker', 'dataset_uuid']) assert.ok(create.includes(name), name)
  for (const name of ['vcpus', 'disks', 'state', 'snapshots', 'vnc_port']) assert.ok(!create.includes(name), name)
  const update = updateKeys('lx')
  for (const name of ['alias', 'set_tags', 'remove_tags', 'add_nics', 'update_nics', 'remove_nics', 'set_routes', 'remove_filesystems', 'quota']) assert.ok(update.includes(name), name)
  for (const name of ['tags', 'nics', 'brand', 'uuid', 'add_disks', 'add_tags', 'set_nics', 'image_uuid', 'delegate_dataset']) assert.ok(!update.includes(name), name)
  assert.ok(updateKeys('bhyve').includes('add_disks') && createKeys('bhyve').includes('vcpus'))
  assert.deepEqual(parsePayloadKey('create', 'set_tags'), null)
  assert.deepEqual([parsePayloadKey('update', 'set_tags')?.verb, parsePayloadKey('update', 'set_constructor'), parsePayloadKey('update', 'add_tags')], ['set', null, null])
})

test('the fields of the command line’s lists load no zod', () => {
  const imports = (file: string): string[] => [...readFileSync(new URL(file, import.meta.url), 'utf8').matchAll(/^import (?!type).*from '(.*)'/gm)].map((match) => match[1] ?? '')
  assert.deepEqual(imports('./fields.ts'), ['../errors.ts'])
  assert.deepEqual(imports('../errors.ts'), [])
})
