import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import { silentLog } from '../context.ts'
import { writeStream } from './stream.ts'

const scratch = mkdtempSync(join(tmpdir(), 'spirula-stream-'))
after(() => rmSync(scratch, { recursive: true }))
const context = { signal: new AbortController().signal, log: silentLog, now: () => new Date() }

test('a stream becomes a file, and the writing comes to its end', async () => {
  const path = join(scratch, 'whole')
  await writeStream(path, Readable.from([Buffer.alloc(100_000, 1), Buffer.from('end')]), context)
  assert.equal(readFileSync(path).length, 100_003)
  assert.equal(readFileSync(path).toString('utf8', 100_000), 'end')
})

test('a stream that fails is a failure', async () => {
  const source = new Readable({ read: () => void source.destroy(new Error('cut')) })
  await assert.rejects(writeStream(join(scratch, 'cut'), source, context), /cut/)
})

test('a file that is there is not written over', async () => {
  await assert.rejects(writeStream(join(scratch, 'whole'), Readable.from(['x']), context), { code: 'EEXIST' })
})
