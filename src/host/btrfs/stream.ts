import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { AppError } from '#contracts/errors.ts'
import type { Context } from '../context.ts'
import { checkDatasetName, checkSnapshotName } from '../pool/name.ts'
import { datasetExists, datasetNotFound, snapshotExists } from '../pool/refusals.ts'
import { runSink, runSource } from '../run/pipe.ts'
import type { SnapshotName } from '../storage.ts'
import { type GroupId, renderReceive, renderSend, renderSubvolumeShow } from './argv.ts'
import { isDataset, makeDataset } from './datasets.ts'
import { asBtrfsFailure } from './failures.ts'
import { pathOf, receivingDirectory, rollbackDirectory, snapshotDirectory, snapshotPath } from './layout.ts'
import { parseStreamKind, parseSubvolumeShow, streamHeadBytes } from './parse.ts'
import { type BtrfsPool, runBtrfs, runSteps, settleQuota, undoContext } from './pool.ts'
import { renderAssign, renderMakeDirectory, renderSnapshot } from './steps.ts'
import { recoverRollback, removeSnapshot, requireSnapshot } from './snapshots.ts'
import { deleteSubvolumes } from './subvolumes.ts'
import { isSubvolume, readFacts, readNames } from './tree.ts'

export function sendSnapshot(pool: BtrfsPool, name: SnapshotName, from: string | null, context: Context): Readable {
  return Readable.from(readSent(pool, name, from, context), { objectMode: false })
}

async function* readSent(pool: BtrfsPool, name: SnapshotName, from: string | null, context: Context): AsyncGenerator<Buffer> {
  await requireSnapshot(pool, name)
  const base = from === null ? null : { ...name, snapshot: from }
  if (base !== null) await requireSnapshot(pool, base)
  const source = runSource(renderSend(snapshotPath(pool, name), base === null ? null : snapshotPath(pool, base)), context)
  try {
    yield* source as AsyncIterable<Buffer>
  } finally {
    source.destroy()
  }
}

/**
 * A full stream makes the dataset; an incremental one brings an existing dataset, which has its base, to the sent
 * snapshot. What is neither is ImageInvalid.
 */
export async function receiveDataset(pool: BtrfsPool, dataset: string, input: Readable, context: Context): Promise<void> {
  checkDatasetName(dataset)
  try {
    const { head, rest } = await readHead(input)
    const kind = parseStreamKind(head)
    if (kind === null) throw new AppError('ImageInvalid', `What was sent for ${dataset} is not a btrfs stream.`)
    const exists = await isDataset(pool, dataset)
    if (exists && kind === 'full') throw datasetExists(dataset)
    if (!exists && kind === 'incremental') throw datasetNotFound(dataset)
    if (kind === 'full') await receiveFull(pool, dataset, rest, context)
    else await receiveIncremental(pool, dataset, rest, context)
  } finally {
    input.destroy()
  }
}

async function receiveFull(pool: BtrfsPool, dataset: string, stream: Readable, context: Context): Promise<void> {
  await makeDataset(pool, { dataset, origin: null, options: {} }, context, async (group, before) => {
    await runSteps(pool, before, `the dataset ${dataset}`, context)
    const snapshot = await receiveSnapshot(pool, { dataset, group }, stream, context)
    await runSteps(pool, [renderSnapshot(snapshotPath(pool, snapshot), pathOf(pool, dataset), group)], `the dataset ${dataset}`, context)
  })
}

async function receiveIncremental(pool: BtrfsPool, dataset: string, stream: Readable, context: Context): Promise<void> {
  const group = (await readFacts(pool, dataset))?.group ?? null
  const snapshot = await receiveSnapshot(pool, { dataset, group }, stream, context)
  const directory = rollbackDirectory(pool, dataset)
  try {
    const steps = [renderMakeDirectory(directory), renderSnapshot(snapshotPath(pool, snapshot), join(directory, 'new'), group)]
    await runSteps(pool, steps, `the dataset ${dataset}`, context)
    await rename(pathOf(pool, dataset), join(directory, 'old'))
  } catch (error) {
    await recoverRollback(pool, dataset, undoContext(context))
    await removeSnapshot(pool, snapshot, undoContext(context))
    throw error
  }
  await recoverRollback(pool, dataset, undoContext(context))
  await settleQuota(pool, undoContext(context))
}

/** Receives into a directory of its own and gives it the snapshot's name only when the stream has come to its end. */
async function receiveSnapshot(pool: BtrfsPool, to: { dataset: string; group: GroupId | null }, stream: Readable, context: Context): Promise<SnapshotName> {
  const { dataset, group } = to
  const directory = receivingDirectory(pool, dataset)
  const what = `receiving ${dataset}`
  await clearReceiving(pool, dataset, undoContext(context))
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    await runSink(renderReceive(directory), stream, context)
    const names = await readNames(directory)
    const name = { dataset, snapshot: names[0] ?? '' }
    checkSnapshotName(name)
    const shown = parseSubvolumeShow(await runBtrfs(renderSubvolumeShow(join(directory, name.snapshot)), what, context))
    if (names.length !== 1 || shown?.received !== true) throw new AppError('ImageInvalid', `The stream for ${dataset} ended too early.`)
    if (await isSubvolume(snapshotPath(pool, name))) throw snapshotExists(name)
    if (group !== null) await runSteps(pool, [renderAssign({ level: 0, number: shown.id }, group)], what, context)
    await rename(directory, snapshotDirectory(pool, name))
    return name
  } catch (error) {
    await clearReceiving(pool, dataset, undoContext(context))
    throw asBtrfsFailure(error, what)
  }
}

export async function clearReceiving(pool: BtrfsPool, dataset: string, context: Context): Promise<void> {
  const directory = receivingDirectory(pool, dataset)
  const paths = (await readNames(directory)).map((name) => join(directory, name))
  await deleteSubvolumes(pool, { what: `receiving ${dataset}`, paths, directory, groups: [] }, context)
}

/** Takes the first bytes off a stream and gives them, and a stream of the whole. */
async function readHead(input: Readable): Promise<{ head: Buffer; rest: Readable }> {
  const chunks = input.iterator({ destroyOnReturn: false })
  const taken: Buffer[] = []
  let size = 0
  while (size < streamHeadBytes) {
    const next = await chunks.next()
    if (next.done === true) break
    taken.push(Buffer.from(next.value as Uint8Array))
    size += taken.at(-1)!.length
  }
  const head = Buffer.concat(taken)
  return { head, rest: Readable.from(readWhole(head, chunks as AsyncIterable<Buffer>), { objectMode: false }) }
}

async function* readWhole(head: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield head
  yield* rest
}
