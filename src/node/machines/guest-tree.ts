import { join } from 'node:path'
import type { MachineRecord } from '#contracts/machine/record.ts'
import type { Context } from '#host/context.ts'
import { ensureDirectory, isNoSpace } from '#host/fs/atomic.ts'
import { linkGuestFile, writeGuestFile } from '#host/fs/guest-tree.ts'
import { writeSeed } from '../guest/seed.ts'
import { zoneRunDir } from '../layout.ts'
import type { Parts } from '../parts.ts'
import type { StepOf } from '../steps/step.ts'
import { imageFacts } from './zone-spec.ts'

export const provisioningMarker = '/var/svc/provisioning'
const metadataTools = ['mdata-get', 'mdata-put', 'mdata-delete', 'mdata-list']

/** Writes a machine's name, resolvers and provisioning marker into a root tree that nothing runs in. */
export async function prepareGuest({ dataset, record, first_boot }: StepOf<'guest.prepare'>, parts: Parts): Promise<void> {
  const zonepath = parts.host.storage.mountpointOf(dataset)
  const root = join(zonepath, 'root')
  await ensureDirectory(join(zonepath, 'logs'), 0o700)
  if (first_boot) {
    await writeGuestFile(root, '/etc/hostname', `${record.hostname}\n`)
    await writeGuestFile(root, '/etc/hosts', renderHosts(record))
    // A sparse zone's /usr is the platform's, which has them.
    for (const tool of imageFacts(record, parts).sparse === true ? [] : metadataTools)
      await linkGuestFile(root, `/usr/sbin/${tool}`, `/native/usr/sbin/${tool}`)
  }
  if (record.resolvers.length > 0 && (first_boot || record.maintain_resolvers === true)) {
    await writeGuestFile(root, '/etc/resolv.conf', renderResolvConf(record)).catch((error: unknown) => {
      // A machine that has filled its disk must be able to start, or nobody could empty it.
      if (first_boot || !isNoSpace(error)) throw error
      parts.log.warn({ uuid: record.uuid }, 'resolv.conf of the zone was not refreshed: its disk is full')
    })
  }
  if (record.internal.provisioning === true) await writeGuestFile(root, provisioningMarker, '')
}

/** Brings what a running guest reads of us in step after an update. */
export async function refreshGuest(step: StepOf<'guest.refresh'>, context: Context, parts: Parts): Promise<void> {
  const record = parts.machines.get(step.uuid)
  if (record === undefined) return
  if (step.metadata && imageFacts(record, parts).cloud_init && parts.live.isRunning(step.uuid)) {
    await writeSeed(join(zoneRunDir(parts.layout, step.uuid), 'seed'), record)
  }
  if (!step.resolvers || record.maintain_resolvers !== true || !parts.live.isRunning(step.uuid)) return
  await writeResolvers(record, context, parts)
}

/** From within: a running guest may change its tree under our feet. */
export async function writeResolvers(record: Pick<MachineRecord, 'uuid' | 'resolvers' | 'dns_domain'>, context: Context, parts: Parts): Promise<void> {
  const options = { stdin: renderResolvConf(record), timeout_ms: 10_000 }
  const told = (about: object): void => parts.log.warn({ uuid: record.uuid, ...about }, 'resolv.conf of the zone was not refreshed')
  try {
    const result = await parts.host.runtime.exec(record.uuid, ['/bin/sh', '-c', writeScript], options, context)
    if (result.exit_code !== 0) told({ stderr: result.stderr })
  } catch (err) {
    if (context.signal.aborted) throw err
    // A guest whose shell hangs is not to hold up, or undo, what its owner changes.
    told({ err })
  }
}

// A pipe in its place would keep the writer waiting.
const writeScript = '[ ! -e /etc/resolv.conf ] || [ -f /etc/resolv.conf ] || rm -f /etc/resolv.conf; cat > /etc/resolv.conf'

export function renderResolvConf(record: Pick<MachineRecord, 'resolvers' | 'dns_domain'>): string {
  return [`search ${record.dns_domain}`, ...record.resolvers.map((address) => `nameserver ${address}`), ''].join('\n')
}

function renderHosts(record: Pick<MachineRecord, 'hostname' | 'dns_domain'>): string {
  const names = record.dns_domain === '' ? record.hostname : `${record.hostname}.${record.dns_domain} ${record.hostname}`
  return `127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n127.0.1.1 ${names}\n`
}
