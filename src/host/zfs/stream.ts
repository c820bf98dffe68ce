import { Readable } from 'node:stream'
import type { Context } from '../context.ts'
import { checkDatasetName, checkSnapshotName } from '../pool/name.ts'
import type { SnapshotName } from '../storage.ts'
import { renderMount, renderReceive, renderSend } from './argv.ts'
import { asZfsFailure } from './failures.ts'
import { destroyTree } from './insist.ts'
import { encodeSnapshot } from './snapshot-name.ts'
import { fullName, fullSnapshot, readDataset, type ZfsPool } from './read.ts'

export function sendSnapshot(pool: ZfsPool, name: SnapshotName, from: string | null, context: Context): Readable {
  return Readable.from(readSent(pool, name, from, context), { objectMode: false })
}

async function* readSent(pool: ZfsPool, name: SnapshotName, from: string | null, context: Context): AsyncGenerator<Buffer> {
  checkSnapshotName(name)
  if (from !== null) checkSnapshotName({ ...name, snapshot: from })
  const source = pool.runner.source(renderSend(fullSnapshot(pool, name), from === null ? null : encodeSnapshot(from)), context)
  try {
    yield* source as AsyncIterable<Buffer>
  } catch (error) {
    throw asZfsFailure(error, { dataset: name.dataset, snapshot: name })
  } finally {
    source.destroy()
  }
}

/** An incremental stream needs its base to be the newest snapshot of a dataset that was not written to since. */
export async function receiveDataset(pool: ZfsPool, dataset: string, input: Readable, context: Context): Promise<void> {
  try {
    checkDatasetName(dataset)
    const existed = (await readDataset(pool, dataset, context)) !== null
    try {
      await pool.runner.sink(renderReceive(fullName(pool, dataset)), input, context)
      if (!existed) await pool.runner.run(renderMount(fullName(pool, dataset)), [0], context)
    } catch (error) {
      // zfs takes a broken receive back by itself; a dataset that came whole but could not be mounted goes too.
      if (!existed) await destroyTree(pool, dataset, context)
      throw asZfsFailure(error, { dataset })
    }
  } finally {
    input.destroy()
  }
}
