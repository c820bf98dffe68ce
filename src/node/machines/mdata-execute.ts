import type { MachineRecord } from '#contracts/machine/record.ts'
import { hasGuestWork } from '../guest/guest-work.ts'
import type { Parts } from '../parts.ts'
import { isSystemd } from './zone-spec.ts'

/**
 * Runs the guest's scripts of this boot. systemd zones do it by a unit of ours; in all others it is
 * started from here and not waited for: its end is seen by the provisioning marker.
 */
export function startMdataExecute(record: MachineRecord, first: boolean, parts: Parts): void {
  // On a later boot it may have to take back what an earlier one brought, such as keys.
  if (isSystemd(record, parts) || (first && !hasGuestWork(record))) return
  const context = { signal: new AbortController().signal, log: parts.log, now: parts.now }
  const timeoutMs = record.mdata_exec_timeout === 0 ? 2 ** 31 - 1 : (record.mdata_exec_timeout + 30) * 1000
  void parts.host.runtime
    .exec(record.uuid, ['/bin/sh', '/native/lib/mdata-execute'], { timeout_ms: timeoutMs }, context)
    .then((result) => parts.log.info({ uuid: record.uuid, exit_code: result.exit_code, stderr: result.stderr.slice(-500) }, 'mdata-execute ended'))
    .catch((error: unknown) => parts.log.warn({ err: error, uuid: record.uuid }, 'mdata-execute could not be run'))
}
