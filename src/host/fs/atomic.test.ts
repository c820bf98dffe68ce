import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { isAppError } from '#contracts/errors.ts'
import {
  ensureDirectory,
  isNoSpace,
  listDirectory,
  readJsonFile,
  readTextFile,
  removeFile,
  removeTemporaryFiles,
  removeTree,
  writeFileAtomic,
} from './atomic.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spirula-atomic-'))
})
afterEach(async () => await rm(directory, { recursive: true }))

test('writing replaces the whole file with the mode asked for', async () => {
  const path = join(directory, 'a')
  await writeFileAtomic(path, 'a long first text')
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  await writeFileAtomic(path, 'short', { mode: 0o644, durable: false })
  assert.equal(await readFile(path, 'utf8'), 'short')
  assert.equal((await stat(path)).mode & 0o777, 0o644)
  assert.deepEqual(await readdir(directory), ['a'])
})

test('a write that fails leaves the old state and no temporary file', async () => {
  const path = join(directory, 'a')
  await mkdir(path)
  await writeFile(join(path, 'inside'), '')
  await assert.rejects(writeFileAtomic(path, 'text'), { code: 'EISDIR' })
  assert.deepEqual(await readdir(directory), ['a'])
  assert.deepEqual(await readdir(path), ['inside'])
  await assert.rejects(writeFileAtomic(join(directory, 'no/such/a'), 'text'), { code: 'ENOENT' })
})

test('a full file system and a used-up quota are both no space', () => {
  assert.ok(isNoSpace(Object.assign(new Error(), { code: 'ENOSPC', errno: -28 })))
  // As Node gives EDQUOT.
  assert.ok(isNoSpace(Object.assign(new Error(), { code: 'Unknown system error -122', errno: -122 })))
  assert.ok(!isNoSpace(Object.assign(new Error(), { code: 'EIO', errno: -5 })))
  assert.ok(!isNoSpace(null))
})

test('a symbolic link in the place of the file is replaced, not followed', async () => {
  const [target, link] = [join(directory, 'target'), join(directory, 'link')]
  await writeFile(target, 'precious')
  await symlink(target, link)
  await writeFileAtomic(link, 'text')
  assert.equal(await readFile(target, 'utf8'), 'precious')
  assert.equal(await readFile(link, 'utf8'), 'text')
  await assert.rejects(readlink(link), { code: 'EINVAL' })
})

test('many writers at once: one of the texts, whole, and nothing beside it', async () => {
  const path = join(directory, 'a')
  const texts = Array.from({ length: 20 }, (_, index) => `${index} `.repeat(5000))
  await Promise.all(texts.map((text) => writeFileAtomic(path, text, { durable: false })))
  assert.ok(texts.includes(await readFile(path, 'utf8')))
  assert.deepEqual(await readdir(directory), ['a'])
})

test('a corrupt state file is named', async () => {
  const path = join(directory, 'state.json')
  assert.equal(await readJsonFile(path), null)
  await writeFile(path, '{"a": 1')
  const error = await readJsonFile(path).catch((reason: unknown) => reason)
  assert.ok(isAppError(error, 'StateCorrupt'))
  assert.ok(error.message.includes(path))
  assert.ok(error.cause instanceof SyntaxError)
  await writeFile(path, '{"a": 1}')
  assert.deepEqual(await readJsonFile(path), { a: 1 })
})

test('what cannot be read is an error, not absence', async () => {
  await mkdir(join(directory, 'a'))
  await assert.rejects(readTextFile(join(directory, 'a')), { code: 'EISDIR' })
  assert.equal(await readTextFile(join(directory, 'b')), null)
})

test('removing: gone is fine, links are not followed', async () => {
  const kept = join(directory, 'kept')
  await ensureDirectory(join(directory, 'tree/deep'), 0o700)
  await writeFile(kept, 'x')
  await symlink(kept, join(directory, 'tree/link'))
  await symlink(directory, join(directory, 'tree/up'))
  await removeTree(join(directory, 'tree'))
  await removeTree(join(directory, 'tree'))
  assert.equal(await readFile(kept, 'utf8'), 'x')
  await removeFile(kept)
  await removeFile(kept)
  await removeFile(join(directory, 'no/such'))
  assert.deepEqual(await listDirectory(directory), [])
  assert.deepEqual(await listDirectory(join(directory, 'no/such')), [])
})

test('temporary files of a killed writer are cleared, others kept', async () => {
  for (const name of ['.4711.3.tmp', 'a.tmp', '.keep', 'b']) await writeFile(join(directory, name), '')
  await chmod(join(directory, 'b'), 0o400)
  await removeTemporaryFiles(directory)
  assert.deepEqual((await readdir(directory)).toSorted(), ['.keep', 'a.tmp', 'b'])
})
