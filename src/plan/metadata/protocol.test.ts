import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createMetadataParser, encodeBase64, type MetadataRequest, renderAnswer, renderFrame } from './protocol.ts'

function parse(text: string | Uint8Array, limit?: number): MetadataRequest[] {
  return createMetadataParser(limit).push(Buffer.from(text as string))
}

function putFrame(id: string, key: string, value: string): string {
  return renderFrame(id, 'PUT', encodeBase64(`${encodeBase64(key)} ${encodeBase64(value)}`))
}

test('a frame has length and CRC-32 of its body', () => {
  // The checksum was taken with another implementation (zlib).
  assert.equal(renderFrame('dc4fae17', 'SUCCESS', 'bWF5YmU='), 'V2 25 5933b85e dc4fae17 SUCCESS bWF5YmU=\n')
})

test('version 1: GET, KEYS, NEGOTIATE, anything else', () => {
  assert.deepEqual(parse('GET root_authorized_keys\nKEYS\nNEGOTIATE V2\nNEGOTIATE V9\n\nHELLO\nGET\n'), [
    { kind: 'get', id: null, key: 'root_authorized_keys' },
    { kind: 'keys', id: null },
    { kind: 'negotiate', id: null, supported: true },
    { kind: 'negotiate', id: null, supported: false },
    { kind: 'invalid', id: null, reason: 'invalid command' },
    { kind: 'invalid', id: null, reason: 'invalid command' },
    { kind: 'invalid', id: null, reason: 'invalid command' },
  ])
})

test('version 2: all four requests', () => {
  const lines =
    renderFrame('00000001', 'GET', encodeBase64('ä key')) +
    renderFrame('00000002', 'KEYS') +
    putFrame('00000003', 'k', 'v\n.') +
    renderFrame('00000004', 'DELETE', encodeBase64('k'))
  assert.deepEqual(parse(lines), [
    { kind: 'get', id: '00000001', key: 'ä key' },
    { kind: 'keys', id: '00000002' },
    { kind: 'put', id: '00000003', key: 'k', value: 'v\n.' },
    { kind: 'delete', id: '00000004', key: 'k' },
  ])
})

test('frames with a wrong length, checksum or form are dropped in silence', () => {
  const good = renderFrame('0000000a', 'GET', encodeBase64('k'))
  const bad = [
    good.replace('V2 17', 'V2 18'),
    good.replace(/ [0-9a-f]{8} /, ' 00000000 '),
    good.replace('0000000a', '0000000b'),
    'V2\n',
    'V2 \n',
    'V2 x y z\n',
    renderFrame('0000000G', 'KEYS'),
  ]
  assert.ok(good.startsWith('V2 17 '))
  for (const line of bad) assert.deepEqual(parse(line), [], line)
  assert.equal(parse(bad.join('') + good).length, 1)
})

test('a whole frame with a payload that is no base64 of UTF-8 gets an answer', () => {
  for (const payload of ['!!!!', 'abc', Buffer.from([0xff]).toString('base64')]) {
    assert.equal(parse(renderFrame('00000001', 'GET', payload))[0]?.kind, 'invalid', payload)
  }
  assert.equal(parse(renderFrame('00000001', 'PUT', encodeBase64('onlykey')))[0]?.kind, 'invalid')
  assert.equal(parse(renderFrame('00000001', 'FROB'))[0]?.kind, 'invalid')
})

test('a line over the limit is told once, with its id where it has one, and ends the conversation', () => {
  assert.deepEqual(parse(`${'x'.repeat(101)}\nKEYS\n`, 100), [{ kind: 'overflow', id: null }])
  assert.deepEqual(parse(putFrame('0000000c', 'k', 'v'.repeat(200)), 100), [{ kind: 'overflow', id: '0000000c' }])
  assert.equal(parse(`${'x'.repeat(100)}\n`, 100)[0]?.kind, 'invalid')
  const parser = createMetadataParser(100)
  for (let count = 0; count < 1000; count += 1) parser.push(Buffer.from('x'))
  assert.equal(parser.heldBytes, 0)
  assert.deepEqual(parser.push(Buffer.from('\nKEYS\n')), [])
})

test('answers: version 1 stuffs dots, version 2 frames', () => {
  const v1: MetadataRequest = { kind: 'get', id: null, key: 'k' }
  assert.equal(renderAnswer(v1, { kind: 'success', value: '.a\n..\r.b\n' }), 'SUCCESS\n..a\n...\r.b\n\n.\n')
  assert.equal(renderAnswer(v1, { kind: 'notfound' }), 'NOTFOUND\n')
  assert.equal(renderAnswer(v1, { kind: 'failure', message: 'why' }), 'FAILURE\n')
  assert.equal(renderAnswer({ kind: 'invalid', id: null, reason: '' }, { kind: 'failure', message: '' }), 'invalid command\n')
  assert.equal(renderAnswer({ kind: 'negotiate', id: null, supported: true }, { kind: 'success' }), 'V2_OK\n')
  const v2: MetadataRequest = { kind: 'get', id: '00000001', key: 'k' }
  assert.equal(renderAnswer(v2, { kind: 'success', value: 'v' }), renderFrame('00000001', 'SUCCESS', encodeBase64('v')))
  assert.equal(renderAnswer(v2, { kind: 'failure', message: 'why' }), renderFrame('00000001', 'FAILURE', encodeBase64('why')))
})

const key = fc.string({ minLength: 1, unit: 'binary' }).filter((text) => text.isWellFormed())
const word = fc.stringMatching(/^[a-zA-Z:_-]{1,20}$/)
const id = fc.stringMatching(/^[0-9a-f]{8}$/)
const conversationLine = fc.oneof(
  word.map((name) => ({ line: `GET ${name}\n`, request: { kind: 'get', id: null, key: name } })),
  fc.constant({ line: 'KEYS\n', request: { kind: 'keys', id: null } }),
  fc.constant({ line: 'NEGOTIATE V2\n', request: { kind: 'negotiate', id: null, supported: true } }),
  fc.tuple(id, key).map(([frame, name]) => ({ line: renderFrame(frame, 'GET', encodeBase64(name)), request: { kind: 'get', id: frame, key: name } })),
  fc.tuple(id, key, key).map(([frame, name, value]) => ({ line: putFrame(frame, name, value), request: { kind: 'put', id: frame, key: name, value } })),
)

test('any chunking of any valid conversation is understood alike', () => {
  fc.assert(
    fc.property(fc.array(conversationLine, { maxLength: 8 }), fc.array(fc.nat(40), { minLength: 1 }), (lines, sizes) => {
      const bytes = Buffer.from(lines.map(({ line }) => line).join(''))
      const parser = createMetadataParser()
      const got: MetadataRequest[] = []
      for (let from = 0, turn = 0; from < bytes.length; turn += 1) {
        const size = 1 + (sizes[turn % sizes.length] ?? 0)
        got.push(...parser.push(bytes.subarray(from, from + size)))
        from += size
      }
      assert.deepEqual(
        got,
        lines.map(({ request }) => request),
      )
      assert.equal(parser.heldBytes, 0)
    }),
  )
})

test('random bytes never throw, and never hold more than the limit', () => {
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.constantFrom('V2 ', 'GET ', '\n', 'V2 8 00000000 ', 'PUT').map((text) => Uint8Array.from(Buffer.from(text))),
  )
  fc.assert(
    fc.property(fc.array(noise), (chunks) => {
      const parser = createMetadataParser(500)
      for (const chunk of chunks) {
        for (const request of parser.push(chunk)) assert.ok(renderAnswer(request, { kind: 'failure', message: 'x' }).endsWith('\n'))
        assert.ok(parser.heldBytes <= 500)
      }
    }),
  )
})
