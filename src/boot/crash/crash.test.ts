import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { isAppError } from '#contracts/errors.ts'
import { collectCrashes } from './collect.ts'
import type { CrashPlaces } from './places.ts'
import { clearCrashes, readCrashes, readCrashText } from './read.ts'

function makePlaces(t: TestContext): CrashPlaces {
  const root = mkdtempSync(join(tmpdir(), 'spirula-crash-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  for (const name of ['pstore', 'cores']) mkdirSync(join(root, name))
  return { pstore: join(root, 'pstore'), cores: join(root, 'cores'), directory: join(root, 'cores/global'), in_memory: true }
}

function store(places: CrashPlaces, name: string, text: string, at: number): void {
  writeFileSync(join(places.pstore, name), text)
  utimesSync(join(places.pstore, name), at, at)
}

const at = Date.UTC(2026, 10, 23, 23, 46) / 1000

test('what the store holds moves to the pool, is read from there, and is cleared', async (t) => {
  const places = makePlaces(t)
  store(places, 'dmesg-ramoops-0', 'Panic#1 Part2\n<6>[0.1] start\n', at)
  store(places, 'dmesg-ramoops-1', 'Panic#1 Part1\n<0>[3.7] Kernel panic - not syncing: test\n', at)
  const file = join(places.directory, 'crash.20261123T234600Z.panic.1')
  assert.deepEqual(await collectCrashes(places), [file])
  assert.deepEqual(readdirSync(places.pstore), [])
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.deepEqual(await readCrashes(places.directory), [{ file, at: '2026-11-23T23:46:00Z', first_line: 'Kernel panic - not syncing: test' }])
  assert.equal(await readCrashText(undefined, places.directory), '<6>[0.1] start\n<0>[3.7] Kernel panic - not syncing: test\n')
  assert.equal(await clearCrashes(places.directory), 1)
  assert.deepEqual(await readCrashes(places.directory), [])
})

test('a second move after a power cut keeps one copy; another crash of the same second is not lost', async (t) => {
  const places = makePlaces(t)
  for (const text of ['Panic#1 Part1\nfirst\n', 'Panic#1 Part1\nfirst\n', 'Panic#1 Part1\nother\n']) {
    store(places, 'dmesg-ramoops-0', text, at)
    await collectCrashes(places)
  }
  assert.equal(readFileSync(join(places.directory, 'crash.20261123T234600Z.panic.1'), 'utf8'), 'first\n\nother\n')
})

test('without a pool the store keeps what it has', async (t) => {
  const places = makePlaces(t)
  store(places, 'dmesg-ramoops-0', 'Panic#1 Part1\nx\n', at)
  rmSync(places.cores, { recursive: true })
  assert.ok(isAppError(await collectCrashes(places).catch((error: unknown) => error), 'PoolUnavailable'))
  assert.deepEqual(readdirSync(places.pstore), ['dmesg-ramoops-0'])
})

test('nothing kept is an answer, but not a log', async (t) => {
  const places = makePlaces(t)
  assert.deepEqual(await collectCrashes(places), [])
  assert.deepEqual(await readCrashes(places.directory), [])
  assert.ok(isAppError(await readCrashText(undefined, places.directory).catch((error: unknown) => error), 'NotFound'))
})
