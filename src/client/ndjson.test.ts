import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readJsonLines } from './ndjson.ts'

async function read(chunks: Buffer[]): Promise<unknown[]> {
  const lines: unknown[] = []
  for await (const line of readJsonLines(chunks as unknown as AsyncIterable<Buffer>)) lines.push(line)
  return lines
}

test('documents are found however the bytes are cut', async () => {
  const bytes = Buffer.from('{"a":"ü"}\n\n[1,\t2]\n"last"')
  for (let size = 1; size <= bytes.length; size += 1) {
    const chunks: Buffer[] = []
    for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
    assert.deepEqual(await read(chunks), [{ a: 'ü' }, [1, 2], 'last'])
  }
})

test('a broken line is an error', () => assert.rejects(read([Buffer.from('{"a":\n')])))
