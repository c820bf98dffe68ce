import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { maxAnswersBytes } from '#contracts/platform/answers.ts'
import { silentLog } from '#host/context.ts'
import { fetchAnswers, readBounded } from './sources.ts'

/** Fetches from a server of our own on the loopback; a busy machine may take its time. */
async function fetchFrom(handler: RequestListener, options: { tryMs?: number; limitMs?: number } = {}): Promise<{ text: string; retries: string[] }> {
  const server = createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const retries: string[] = []
  const context = { signal: new AbortController().signal, log: silentLog, now: () => new Date() }
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/answers.json`
  try {
    const found = await fetchAnswers(url, { limitMs: 30_000, tryMs: 20_000, pauseMs: 5, ...options, onRetry: (reason) => void retries.push(reason) }, context)
    return { text: found.text, retries }
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

describe('fetchAnswers', () => {
  test('is tried again while the server is not ready', async () => {
    let asked = 0
    const { text, retries } = await fetchFrom((_, response) => {
      asked += 1
      response.statusCode = asked < 3 ? 503 : 200
      response.end('{}')
    })
    assert.equal(text, '{}')
    assert.deepEqual(retries, ['the server says 503', 'the server says 503'])
  })

  test('a server that has none is believed at once', async () => {
    const answer = fetchFrom((_, response) => {
      response.statusCode = 404
      response.end()
    })
    await assert.rejects(answer, { code: 'NotFound', message: /404: there are no answers/ })
  })

  test('what is too large is refused, however it comes', async () => {
    const answer = fetchFrom((_, response) => {
      response.write('x'.repeat(maxAnswersBytes))
      response.end('x')
    })
    await assert.rejects(answer, { code: 'InvalidPayload', message: /256 KiB/ })
  })

  test('a server that never ends is given up in time', async () => {
    await assert.rejects(
      fetchFrom((_, response) => void response.write('{'), { limitMs: 300, tryMs: 50 }),
      { code: 'Timeout' },
    )
  })

  test('only http', async () => {
    const context = { signal: new AbortController().signal, log: silentLog, now: () => new Date() }
    await assert.rejects(fetchAnswers('file:///etc/shadow', { limitMs: 1, tryMs: 1, pauseMs: 1, onRetry: () => {} }, context), { code: 'InvalidPayload' })
  })
})

test('a file is read when it is a plain one of bounded size', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'answers-'))
  try {
    writeFileSync(join(directory, 'good'), '{}')
    writeFileSync(join(directory, 'large'), 'x'.repeat(maxAnswersBytes + 1))
    symlinkSync('good', join(directory, 'link'))
    assert.equal(await readBounded(join(directory, 'good')), '{}')
    assert.equal(await readBounded(join(directory, 'none')), null)
    await assert.rejects(readBounded(join(directory, 'large')), { code: 'InvalidPayload' })
    await assert.rejects(readBounded(join(directory, 'link')), { code: 'ELOOP' })
    await assert.rejects(readBounded(directory), { code: 'InvalidPayload' })
  } finally {
    rmSync(directory, { recursive: true })
  }
})
