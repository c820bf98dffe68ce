import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createByteReader } from './byte-reader.ts'
import { readBody, readHead } from './http-parse.ts'

async function* cut(text: string, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function parse(text: string, size: number): Promise<{ status: number; body: string }> {
  const reader = createByteReader(cut(text, size))
  const head = await readHead(reader)
  const parts: Buffer[] = []
  for await (const part of readBody(head, reader)) parts.push(part)
  return { status: head.status, body: Buffer.concat(parts).toString() }
}

const answers: Record<string, [string, string]> = {
  'content-length': ['HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ngrün!rest that is not ours', 'grün!'],
  'chunked': ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\ntrailer: x\r\n\r\n', 'abc0123456789'],
  'until the end': ['HTTP/1.0 200\r\n\r\nall of it', 'all of it'],
  'no content': ['HTTP/1.1 204 No Content\r\n\r\n', ''],
}

for (const [name, [text, body]] of Object.entries(answers)) {
  test(`body by ${name}, cut anywhere`, async () => {
    for (let size = 1; size <= 20; size += 1) {
      assert.equal((await parse(text, size)).body, body)
    }
  })
}

const broken: Record<string, string> = {
  'not HTTP': 'SSH-2.0-OpenSSH\r\n\r\n',
  'broken off in the head': 'HTTP/1.1 200 OK\r\ncontent-le',
  'broken off in the body': 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc',
  'broken off in a chunk': 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab',
  'broken off between chunks': 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n',
  'a chunk longer than said': 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n',
  'a length that is none': 'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n',
  'a header without end': `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`,
  'headers without end': `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(200)}\r\n`,
}

for (const [name, text] of Object.entries(broken)) {
  test(`an error for ${name}`, () => assert.rejects(parse(text, 7)))
}
