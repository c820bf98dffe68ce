import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { type ErrorCode, isAppError } from '#contracts/errors.ts'
import type { Context } from './context.ts'
import { isNoSpace, writeFileAtomic } from './fs/atomic.ts'
import type { SnapshotName, Storage } from './storage.ts'

/** What the cases of `storage.suite.ts` do to a storage again and again. */

export async function refuses(code: ErrorCode, promise: Promise<unknown>): Promise<void> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  )
  assert.ok(error !== null, `expected ${code}, but it was done`)
  assert.ok(isAppError(error, code), `expected ${code}, got ${String(error)}`)
}

export async function refusesWrite(storage: Storage, dataset: string, mebibytes: number): Promise<void> {
  const error = await put(storage, dataset, 'too-much', randomBytes(mebibytes << 20)).then(
    () => null,
    (reason: NodeJS.ErrnoException) => reason,
  )
  assert.ok(isNoSpace(error), `writing ${mebibytes} MiB to ${dataset}: ${error?.code ?? 'done'}`)
  await refuses('NoSpace', writeFileAtomic(join(storage.mountpointOf(dataset), 'state'), 'x'.repeat(mebibytes << 20)))
  await writeFile(join(storage.mountpointOf(dataset), 'too-much'), '').catch(() => {})
}

/** Writes and fsyncs, so that a quota has its say. */
export async function put(storage: Storage, dataset: string, path: string, content: string | Buffer): Promise<void> {
  const full = join(storage.mountpointOf(dataset), path)
  await mkdir(join(full, '..'), { recursive: true })
  await writeFile(full, content, { flush: true })
}

export async function get(storage: Storage, dataset: string, path: string): Promise<string> {
  return await readFile(join(storage.mountpointOf(dataset), path), 'utf8')
}

export async function snapshotNames(storage: Storage, dataset: SnapshotName['dataset'], context: Context): Promise<string[]> {
  return (await storage.listSnapshots(dataset, context)).map(({ name }) => name)
}

export async function text(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

export async function* breaking(head: Buffer, error: Error): AsyncGenerator<Buffer> {
  yield head
  throw error
}
