import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseHeader, readBundle, renderHeader, renderPart, renderStreamPart } from './bundle.ts'

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function readAll(bytes: Buffer, piece = 1000): Promise<{ name: string; size: number | null; content: string }[]> {
  const parts = []
  for await (const { name, size, stream } of readBundle(inPieces(bytes, piece))) parts.push({ name, size, content: (await collect(stream)).toString('latin1') })
  return parts
}

test('the header of a known size is 512 bytes of texts', () => {
  const header = renderHeader('vm.json', 700)
  assert.equal(header.length, 512)
  assert.equal(header.toString('latin1').replace(/\0+$/, '\0'), 'MAGIC-VMBUNDLE\x001\0CHECKSUM\0vm.json\x00700\x001024\0')
  assert.deepEqual(parseHeader(header), { name: 'vm.json', size: 700 })
  assert.deepEqual(parseHeader(renderHeader('zones/u', null)), { name: 'zones/u', size: null })
  assert.deepEqual(parseHeader(renderHeader('x', 0)), { name: 'x', size: 0 })
  for (const bad of ['', 'a\0b', 'n'.repeat(256)]) assert.throws(() => renderHeader(bad, 1), /cannot be named/)
  for (const bad of [-1, 1.5, Number.NaN]) assert.throws(() => renderHeader('x', bad), /cannot have/)
})

test('any parts come back whole, however the bytes are cut', async () => {
  const part = fc.record({ name: fc.stringMatching(/^[a-z/@-]{1,40}$/), content: fc.uint8Array({ maxLength: 3000 }), known: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 4 }), fc.integer({ min: 1, max: 2000 }), async (parts, piece) => {
      const rendered: Buffer[] = []
      for (const { name, content, known } of parts) {
        const bytes = Buffer.from(content)
        rendered.push(known ? renderPart(name, bytes) : await collect(renderStreamPart(name, inPieces(bytes, 700))))
      }
      const whole = Buffer.concat(rendered)
      assert.equal(whole.length % 512, 0)
      const expected = parts.map(({ name, content, known }) => ({
        name,
        size: known ? content.length : null,
        content: Buffer.from(content).toString('latin1'),
      }))
      assert.deepEqual(await readAll(whole, piece), expected)
    }),
    { numRuns: 60 },
  )
})

test('large chunks are split into frames', async () => {
  const content = Buffer.alloc(2.5 * 2 ** 20, 'x')
  const whole = await collect(renderStreamPart('big', inPieces(content, content.length)))
  const [part] = await readAll(whole, 65_536)
  assert.equal(part?.content.length, content.length)
})

test('a part that is not read, or only begun, is skipped', async () => {
  const whole = Buffer.concat([
    renderPart('a', Buffer.alloc(5000, 'a')),
    await collect(renderStreamPart('b', inPieces(Buffer.alloc(5000, 'b'), 900))),
    renderPart('c', Buffer.from('last')),
  ])
  const names: string[] = []
  for await (const { name, stream } of readBundle(inPieces(whole, 300))) {
    names.push(name)
    if (name === 'b') {
      for await (const _ of stream) break
    }
    if (name === 'c') assert.equal((await collect(stream)).toString(), 'last')
  }
  assert.deepEqual(names, ['a', 'b', 'c'])
})

test('every cut is noticed', async () => {
  const whole = Buffer.concat([renderPart('a', Buffer.from('first')), await collect(renderStreamPart('b', inPieces(Buffer.alloc(600, 'b'), 250)))])
  assert.equal((await readAll(whole)).length, 2)
  for (let length = 1; length < whole.length; length += 1) {
    // Between the two parts it is a whole bundle of one.
    if (length === 1024) continue
    await assert.rejects(readAll(whole.subarray(0, length)), Error, `cut at ${length}`)
  }
})

test('what is hostile or foreign is refused', async () => {
  const broken = (change: (header: Buffer) => void): Buffer => {
    const part = renderPart('a', Buffer.from('x'))
    change(part)
    return part
  }
  await assert.rejects(readAll(Buffer.alloc(1024, 'z')), /not a VM bundle/)
  await assert.rejects(readAll(broken((part) => part.write('9', 15))), /versions 1 and 2/)
  await assert.rejects(readAll(broken((part) => part.write('7', 30))), /sizes that do not fit/)
  const huge = Buffer.concat([renderHeader('a', null), Buffer.from([0xff, 0xff, 0xff, 0xff]), Buffer.alloc(600)])
  await assert.rejects(readAll(huge), /a frame of 4294967295 bytes/)
})
