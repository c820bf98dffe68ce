import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { isAppError } from '#contracts/errors.ts'
import { openRecordStore, type RecordStore } from './record-store.ts'

async function makeDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'record-store-'))
  t.after(() => rm(directory, { recursive: true }))
  return directory
}

interface Thing {
  count: number
}

function parseThing(value: unknown): Thing {
  if (typeof value === 'object' && value !== null && 'count' in value && typeof value.count === 'number') return { count: value.count }
  throw new TypeError('not a thing')
}

const open = (directory: string): Promise<RecordStore<Thing>> => openRecordStore(directory, parseThing)

test('records are readable files that come back', async (t) => {
  const directory = await makeDirectory(t)
  await (await open(directory)).write('a', { count: 1 })
  assert.equal(await readFile(join(directory, 'a.json'), 'utf8'), '{\n  "count": 1\n}\n')
  assert.deepEqual((await open(directory)).get('a'), { count: 1 })
})

test('updates of one record follow each other', async (t) => {
  const store = await open(await makeDirectory(t))
  await store.write('a', { count: 0 })
  await Promise.all(Array.from({ length: 20 }, () => store.update('a', (current) => ({ count: (current?.count ?? 0) + 1 }))))
  assert.deepEqual(store.get('a'), { count: 20 })
})

test('a corrupt file is told with its path, keeps its id, and hurts nobody else', async (t) => {
  const directory = await makeDirectory(t)
  await writeFile(join(directory, 'bad.json'), '{"count": 1')
  await writeFile(join(directory, 'odd.json'), '{"number": 1}')
  await writeFile(join(directory, 'good.json'), '{"count": 7}')
  const store = await open(directory)
  assert.deepEqual(store.get('good'), { count: 7 })
  assert.equal(store.problems().length, 2)
  const corrupt = (error: unknown): boolean => isAppError(error, 'StateCorrupt') && error.message.includes(join(directory, 'bad.json'))
  assert.throws(() => store.require('bad'), corrupt)
  await assert.rejects(store.write('bad', { count: 2 }), corrupt)
  assert.equal(await readFile(join(directory, 'bad.json'), 'utf8'), '{"count": 1')
})

test('what a killed writer left is removed', async (t) => {
  const directory = await makeDirectory(t)
  await writeFile(join(directory, '.123.4.tmp'), '{')
  await open(directory)
  assert.deepEqual(await readdir(directory), [])
})
