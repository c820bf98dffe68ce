import { AppError } from '#contracts/errors.ts'
import type { MachineRecord } from '#contracts/machine/record.ts'
import type { Context } from '#host/context.ts'
import { assertImageFits } from '#plan/machine/image-fit.ts'
import { hasGuestWork } from '../guest/guest-work.ts'
import { finalSnapshot, requireImage } from '../images/operations.ts'
import type { Request } from '../operations/request.ts'
import type { Parts } from '../parts.ts'
import type { Plan, Step } from '../steps/step.ts'
import { committedBy, datasetOptions, nextRevision } from './create.ts'
import { about, assertUnprotected, current, refuse } from './lifecycle.ts'
import { isSystemd, volumesOf } from './zone-spec.ts'

const provisionTimeoutS = 300

/** A new root from another image; identity, nics, metadata, quota, delegated data and volumes stay (reference 1.8). */
export function reprovisionMachineRequest(uuid: string, payload: Record<string, unknown>, parts: Parts): Request {
  const image_uuid = payload['image_uuid']
  if (typeof image_uuid !== 'string')
    throw new AppError('InvalidPayload', 'Missing required properties: image_uuid', {
      details: [{ path: 'image_uuid', message: 'UUID of an installed image' }],
    })
  return {
    ...about(uuid, 'machine.reprovision', parts),
    transition: 'provisioning',
    plan: (context) => planReprovision(current(uuid, parts), image_uuid, context, parts),
  }
}

async function planReprovision(record: MachineRecord, image_uuid: string, context: Context, parts: Parts): Promise<Plan> {
  refuse('reprovision', record, parts)
  assertUnprotected('reprovision', record)
  assertImageFits(requireImage(image_uuid, parts), record)
  const { uuid } = record
  const { storage } = parts.host
  const quota = (await storage.read(uuid, context))?.quota_bytes ?? null
  const wasRunning = parts.live.isRunning(uuid)
  const next = nextRevision(nextRecord(record, image_uuid, wasRunning, parts), record)
  const [fresh, old] = [`${uuid}-new`, `${uuid}-old`]
  const steps: Step[] = [
    {
      kind: 'dataset.clone',
      origin: { dataset: image_uuid, snapshot: finalSnapshot },
      dataset: fresh,
      options: { quota_bytes: quota, ...datasetOptions(record.zfs_root_compression, record.zfs_root_recsize) },
    },
    { kind: 'guest.prepare', uuid, dataset: fresh, record: next, first_boot: true },
    { kind: 'zone.halt', uuid, was_running: wasRunning },
    { kind: 'dataset.swap', dataset: uuid, fresh, old, children: childrenOf(record) },
    { kind: 'record.write', record: next, previous: record },
  ]
  if (wasRunning) steps.push({ kind: 'zone.boot', uuid, first: true })
  if (next.internal.provisioning === true) steps.push({ kind: 'guest.await', uuid, timeout_s: provisionTimeoutS })
  // Last, so that until the new root runs the old one can be put back.
  steps.push({ kind: 'dataset.destroy', dataset: old })
  return { steps, commit: committedBy(next), finish_from: steps.length - 1, durable: true, warnings: [] }
}

function nextRecord(record: MachineRecord, image_uuid: string, boots: boolean, parts: Parts): MachineRecord {
  const { failed: _failed, ...internal } = record.internal
  const next: MachineRecord = { ...record, image_uuid, last_modified: parts.now().toISOString(), internal }
  const waits = boots && (isSystemd(next, parts) || hasGuestWork(next))
  return waits ? { ...next, internal: { ...internal, provisioning: true } } : next
}

function childrenOf(record: MachineRecord): string[] {
  const volumes = volumesOf(record)
  return [...(record.delegate_dataset === true ? ['data'] : []), ...volumes.map((dataset) => dataset.slice(record.uuid.length + 1))]
}
