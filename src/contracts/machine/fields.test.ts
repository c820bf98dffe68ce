import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  defaultOrder,
  defaultSort,
  listFieldNames,
  matchesFilters,
  parseFilters,
  parseOrder,
  parseSort,
  readField,
  readListField,
  renderTable,
  requiredTopLevel,
  sortMachines,
} from './fields.ts'
import { properties } from './properties.ts'

const web = {
  uuid: '5b9a6a7e-1f0c-4f3a-9c59-0f6ce1b7a001',
  type: 'LX',
  brand: 'lx',
  max_physical_memory: 512,
  state: 'running',
  alias: 'web',
  hvm: false,
  tags: { 'a.b': 1, 'role': 'web' },
  nics: [{ mac: '02:08:20:0a:0b:0c', ip: '10.0.0.2', vlan_id: 5 }, { ip: '10.0.0.3' }],
}
const db = { uuid: '0b9a6a7e-1f0c-4f3a-9c59-0f6ce1b7a002', type: 'BHYVE', brand: 'bhyve', ram: 256, max_physical_memory: 1536, state: 'stopped' }
const third = { ...db, uuid: '1b9a6a7e-1f0c-4f3a-9c59-0f6ce1b7a003', ram: 512 }

const table = (options: { order?: string; header?: boolean; parsable?: boolean } = {}): string =>
  renderTable([web, db], { order: parseOrder(options.order ?? defaultOrder), header: options.header ?? true, parsable: options.parsable ?? false })

test('the table, to the letter', () => {
  assert.equal(
    table(),
    [
      'UUID                                  TYPE  RAM      STATE             ALIAS',
      '5b9a6a7e-1f0c-4f3a-9c59-0f6ce1b7a001  LX    512      running           web',
      '0b9a6a7e-1f0c-4f3a-9c59-0f6ce1b7a002  BHYV  256      stopped           -',
      '',
    ].join('\n'),
  )
  assert.equal(table({ header: false, order: 'alias,nics.1.ip,tags.a.b' }), 'web         10.0.0.3              1\n-           -                     -\n')
  assert.equal(
    table({ parsable: true, order: 'uuid,type,alias,hvm,nics.0.ip' }),
    '5b9a6a7e-1f0c-4f3a-9c59-0f6ce1b7a001:LX:web:false:10.0.0.2\n0b9a6a7e-1f0c-4f3a-9c59-0f6ce1b7a002:BHYV:::\n',
  )
  assert.equal(renderTable([], { order: ['uuid'], header: false, parsable: false }), '')
})

test('headers and widths', () => {
  assert.deepEqual(readListField('indestructible_zoneroot'), { header: 'INDESTR_ROOT', width: 12 })
  assert.deepEqual(readListField('zone_state'), { header: 'ZONE_STATE', width: 10 })
  assert.deepEqual(readListField('nics.0.ip'), { header: 'NICS.0.IP', width: 20 })
  for (const name of ['nics', 'nics.*.ip', 'constructor', '__proto__', '']) assert.equal(readListField(name), null, name)
  assert.deepEqual(
    listFieldNames().filter((name) => !Object.hasOwn(properties, name)),
    [],
  )
})

test('unknown names are refused in SmartOS’s words', () => {
  assert.throws(() => parseOrder('uuid,foo'), { code: 'Usage', message: 'invalid order field: foo' })
  assert.throws(() => parseSort('-foo'), { code: 'Usage', message: 'invalid sort field: foo' })
  assert.throws(() => parseFilters(['foo=1']), { code: 'Usage', message: 'Invalid filter key: "foo"' })
  assert.throws(() => parseFilters(['nics.*.mtu=1'], 'lookup'), { message: 'Invalid lookup key: "nics.*.mtu"' })
  assert.throws(() => parseFilters(['alias']), { message: 'Invalid filter key: "alias"' })
  assert.throws(() => parseFilters(['alias=~(']), { code: 'Usage' })
  assert.throws(() => parseFilters([`alias=~${'x'.repeat(300)}`]), { message: /longer than 256/ })
})

test('filters', () => {
  const cases: [string[], boolean][] = [
    [['alias=web'], true],
    [['alias=we'], false],
    [['alias=~^W'], true],
    [['ram=512', 'state=running'], true],
    [['ram=512', 'state=stopped'], false],
    [['hvm=false'], true],
    [['nics.*.ip=10.0.0.3'], true],
    [['nics.0.ip=10.0.0.3'], false],
    [['nics.*.mac=2:8:20:A:b:C'], true],
    [['nics.*.vlan_id=5'], true],
    [['tags.role=web'], true],
    [['tags.a.b=1'], true],
    [['disks.*.size=1'], false],
    [['quota=10'], false],
    [['uuid=~^5B9'], true],
    [[], true],
  ]
  for (const [texts, expected] of cases) assert.equal(matchesFilters(web, parseFilters(texts)), expected, texts.join(' '))
})

test('sorting', () => {
  const order = (sort: string): (string | undefined)[] => sortMachines([web, db, third], parseSort(sort)).map((row) => row.uuid.slice(0, 1))
  assert.deepEqual(order(defaultSort), ['0', '1', '5'])
  assert.deepEqual(order('-ram,-uuid'), ['5', '1', '0'])
  assert.deepEqual(order('+alias,uuid'), ['5', '0', '1'], 'missing values come last')
  assert.deepEqual(order('-alias,uuid'), ['5', '0', '1'])
})

test('fields of rows that carry dotted names', () => {
  assert.equal(readField({ 'nics.0.ip': '10.0.0.9', 'ram': 64 }, 'nics.0.ip'), '10.0.0.9')
  assert.deepEqual(
    [readField(web, 'ram'), readField(db, 'ram'), readField(web, 'nics.7.ip'), readField(web, 'nics.length.x'), readField(web, 'toString')],
    [512, 256, undefined, undefined, undefined],
  )
  assert.deepEqual([...requiredTopLevel(['uuid', 'ram', 'nics.0.ip', 'tags.a.b'])], ['uuid', 'ram', 'nics', 'tags', 'max_physical_memory'])
})
