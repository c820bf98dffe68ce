import { randomUUID } from 'node:crypto'
import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { AppError } from '#contracts/errors.ts'
import type { MachineRecord } from '#contracts/machine/record.ts'
import type { Context } from '#host/context.ts'
import { renderPart, renderStreamPart } from '#lib/bundle.ts'
import type { Operations } from '../operations/operations.ts'
import type { Request } from '../operations/request.ts'
import type { Parts } from '../parts.ts'
import type { Plan, Step, StepOf } from '../steps/step.ts'
import { about, current, refuse } from './lifecycle.ts'
import { volumesOf } from './zone-spec.ts'

/** Snapshot that is sent, as on SmartOS. */
export const sendingSnapshot = 'sending'
const stopGraceS = 60

/** First part of a bundle. `stream` names the driver whose format the datasets are in. */
export interface BundleHead {
  v: 1
  record: MachineRecord
  quota_bytes: number | null
  stream: string
  /** Names of the parts that follow: `dataset@snapshot`; all but a dataset's first are incremental. */
  parts: string[]
}

/**
 * `vmadm send` (smartos-node reference 1.9): the machine is stopped, then streamed with its snapshots. Refusals
 * come before the first byte; a failure later breaks the stream, which the receiver notices.
 */
export async function sendMachine(uuid: string, { parts, operations }: { parts: Parts; operations: Operations }, gone: AbortSignal): Promise<Readable> {
  const output = new PassThrough()
  const bundle = randomUUID()
  parts.outgoing.set(bundle, output)
  const operation = operations.start(sendRequest(uuid, bundle, parts))
  // A reader that has all goes away as well; the snapshots are still to be removed then.
  const onGone = (): void => void (output.readableEnded || operations.cancel(operation.id))
  gone.addEventListener('abort', onGone, { once: true })
  const ended = operations.wait(operation.id).then(({ error }) => {
    parts.outgoing.delete(bundle)
    if (error !== undefined) throw AppError.fromJSON(error)
  })
  ended.catch((error: Error) => output.destroy(error))
  // The stream's first byte, or the reason why there is none.
  await Promise.race([new Promise((resolve) => output.once('readable', resolve)), ended])
  return output
}

function sendRequest(uuid: string, bundle: string, parts: Parts): Request {
  return { ...about(uuid, 'machine.send', parts), plan: (context) => planSend(current(uuid, parts), bundle, context, parts) }
}

async function planSend(record: MachineRecord, bundle: string, context: Context, parts: Parts): Promise<Plan> {
  refuse('send', record, parts)
  const { uuid } = record
  const datasets = datasetsOf(record)
  const quota = (await parts.host.storage.read(uuid, context))?.quota_bytes ?? null
  const snapshots = datasets.map((dataset) => ({ dataset, snapshot: sendingSnapshot }))
  // One that a kill left; nobody else makes a snapshot of that name.
  for (const name of snapshots) await parts.host.storage.destroySnapshot(name, context)
  const stop: Step[] = parts.live.isRunning(uuid) ? [{ kind: 'zone.shutdown', uuid, grace_s: stopGraceS, was_running: true }] : []
  return {
    steps: [
      ...stop,
      ...snapshots.map((snapshot): Step => ({ kind: 'snapshot.take', snapshot })),
      { kind: 'machine.stream', uuid, bundle, quota_bytes: quota, datasets },
      ...snapshots.map((snapshot): Step => ({ kind: 'snapshot.destroy', snapshot })),
    ],
    commit: { when: 'never' },
    durable: true,
    warnings: [],
  }
}

/** The machine's datasets, the root first. */
function datasetsOf(record: MachineRecord): string[] {
  const volumes = volumesOf(record)
  return [record.uuid, ...(record.delegate_dataset === true ? [`${record.uuid}/data`] : []), ...volumes]
}

/** Writes the bundle, no faster than it is read. */
export async function streamMachine({ uuid, bundle, quota_bytes, datasets }: StepOf<'machine.stream'>, context: Context, parts: Parts): Promise<void> {
  const output = parts.outgoing.get(bundle)
  if (output === undefined) throw new AppError('Cancelled', `Nobody reads the bundle of ${uuid} any more.`)
  const record = current(uuid, parts)
  const sends = await planStreams(datasets, context, parts)
  const head: BundleHead = { v: 1, record, quota_bytes, stream: parts.host.storage.kind, parts: sends.map(({ name }) => name) }
  await pipeline(Readable.from(renderBundle(head, sends), { objectMode: false }), output, { signal: context.signal })
}

async function* renderBundle(head: BundleHead, sends: Send[]): AsyncGenerator<Buffer> {
  yield renderPart('vm.json', Buffer.from(JSON.stringify(head)))
  for (const { name, open } of sends) yield* renderStreamPart(name, open())
}

interface Send {
  name: string
  open: () => Readable
}

/** Every snapshot of every dataset, oldest first, each on top of the one before. */
async function planStreams(datasets: string[], context: Context, parts: Parts): Promise<Send[]> {
  const sends: Send[] = []
  for (const dataset of datasets) {
    const snapshots = (await parts.host.storage.listSnapshots(dataset, context)).toReversed()
    snapshots.forEach(({ name }, index) => {
      const from = snapshots[index - 1]?.name ?? null
      sends.push({ name: `${dataset}@${name}`, open: () => parts.host.storage.send({ dataset, snapshot: name }, from, context) })
    })
  }
  return sends
}
