import type { MachineRecord } from '#contracts/machine/record.ts'
import type { Context } from '#host/context.ts'
import type { Parts } from '../parts.ts'
import { writeResolvers } from './guest-tree.ts'
import { readBootedNics } from './zone-nics.ts'

/** From now on zones are told the resolvers that DHCP servers name, and at once those that went on while no daemon was there. Returns the unsubscriber. */
export function followLeases(parts: Parts): () => void {
  for (const record of parts.machines.all()) startLeasedResolvers(record, parts)
  return parts.host.network.onLease((hostLink) => {
    const zoneid = Number(/^z(\d+)n\d+$/.exec(hostLink)?.[1])
    for (const record of parts.machines.all()) if (parts.live.status(record.uuid)?.zoneid === zoneid) startLeasedResolvers(record, parts)
  }, parts.log)
}

/** In the background: a lease may never come, and a zone without resolvers runs as well. */
export function startLeasedResolvers(record: MachineRecord, parts: Parts): void {
  const context = { signal: new AbortController().signal, log: parts.log, now: parts.now }
  refreshLeasedResolvers(record, context, parts).catch((error: unknown) =>
    parts.log.warn({ err: error, uuid: record.uuid }, 'the zone was not told its leased resolvers'),
  )
}

/** What the owner has named goes before what a network says. */
async function refreshLeasedResolvers(record: MachineRecord, context: Context, parts: Parts): Promise<void> {
  const leasing = record.nics.filter((nic) => nic.ips.includes('dhcp'))
  if (leasing.length === 0 || record.resolvers.length > 0 || !parts.live.isRunning(record.uuid)) return
  const booted = await readBootedNics(record.uuid, parts)
  const links = leasing.flatMap((nic) => booted[nic.mac] ?? [])
  const leases = await Promise.all(links.map((link) => parts.host.network.readLease(link)))
  const resolvers = [...new Set(leases.flatMap((lease) => lease?.resolvers ?? []))]
  if (resolvers.length > 0) await writeResolvers({ ...record, resolvers }, context, parts)
}
