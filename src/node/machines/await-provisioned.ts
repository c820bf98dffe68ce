import { watch } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import type { MachineRecord } from '#contracts/machine/record.ts'
import type { Context } from '#host/context.ts'
import { guestFileExists } from '#host/fs/guest-tree.ts'
import type { Parts } from '../parts.ts'
import { endZone } from './boot-zone.ts'
import { provisioningMarker } from './guest-tree.ts'

const success = '/var/svc/provision_success'
const failure = '/var/svc/provision_failure'

type Outcome = 'provisioned' | 'failed' | 'ended' | 'late' | 'cancelled'

/**
 * Waits until the guest has renamed its marker (smartos-node reference 1.7, 4.4). A guest that reports
 * failure, ends, or stays silent for `timeoutS` is halted and stays in state `failed`.
 */
export async function awaitProvisioned(uuid: string, timeoutS: number, context: Context, parts: Parts): Promise<void> {
  const record = parts.machines.get(uuid)
  if (record?.internal.provisioning !== true) return
  const root = join(parts.host.storage.mountpointOf(uuid), 'root')
  const outcome = await watchMarker({ uuid, root, timeoutS }, context, parts)
  if (outcome === 'cancelled') throw new AppError('Cancelled', `Provisioning of ${uuid} was cancelled.`)
  if (outcome === 'provisioned') return await settleRecord(record, undefined, parts)
  const reason = reasons[outcome](timeoutS)
  await endZone(uuid, { ...context, signal: new AbortController().signal }, parts)
  await settleRecord(record, reason, parts)
  throw new AppError('ProvisionFailed', `VM ${uuid} was created but is in state failed: ${reason}.`, {
    hint: `its console log is ${join(parts.host.storage.mountpointOf(uuid), 'logs', 'platform.log')}`,
  })
}

const reasons: Record<'failed' | 'ended' | 'late', (timeoutS: number) => string> = {
  failed: () => 'the guest reported that its provisioning failed',
  ended: () => 'the guest ended before it was provisioned',
  late: (timeoutS) => `the guest did not report within ${timeoutS} s that it is provisioned`,
}

/** One notification of the directory wakes us; the timer is only the deadline. */
async function watchMarker(of: { uuid: string; root: string; timeoutS: number }, context: Context, parts: Parts): Promise<Outcome> {
  const decided = Promise.withResolvers<Outcome>()
  const look = async (): Promise<void> => {
    // The marker first: its new name is there from the moment the old one is gone.
    if ((await guestFileExists(of.root, provisioningMarker)) && !(await guestFileExists(of.root, success))) return
    decided.resolve((await guestFileExists(of.root, failure)) ? 'failed' : 'provisioned')
  }
  const stop = new AbortController()
  // The guest may replace or remove the directory, before this too; its end is then told by the deadline.
  const unwatched = (error: unknown): void => parts.log.warn({ err: error, uuid: of.uuid }, 'cannot watch the provisioning marker')
  try {
    watch(join(of.root, 'var/svc'), { signal: stop.signal }, () => void look().catch(decided.reject)).on('error', unwatched)
  } catch (error) {
    unwatched(error)
  }
  const timer = of.timeoutS === 0 ? undefined : setTimeout(() => decided.resolve('late'), of.timeoutS * 1000)
  const onAbort = (): void => decided.resolve('cancelled')
  context.signal.addEventListener('abort', onAbort, { once: true })
  void parts.live.waitForExit(of.uuid, 2 ** 31 - 1, stop.signal).then((ended) => (ended ? decided.resolve('ended') : undefined))
  try {
    await look()
    return await decided.promise
  } finally {
    stop.abort()
    clearTimeout(timer)
    context.signal.removeEventListener('abort', onAbort)
  }
}

async function settleRecord(record: MachineRecord, failed: string | undefined, parts: Parts): Promise<void> {
  await parts.machines.update(record.uuid, (current = record) => {
    const { provisioning: _done, ...internal } = current.internal
    return { ...current, internal: { ...internal, ...(failed === undefined ? {} : { failed }) } }
  })
  // A failed machine's addresses are free for others (smartos-node reference 1.5.5).
  if (failed !== undefined) parts.addresses.remove(record.uuid)
}
