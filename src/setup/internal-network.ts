import { randomBytes } from 'node:crypto'
import { networkInterfaces } from 'node:os'
import type { NodeClient } from '#client/node-client.ts'
import { AppError } from '#contracts/errors.ts'
import type { NicTag } from '#contracts/network/address.ts'
import { finishOperation } from './operation.ts'

export const internalTag = 'internal'

/** The nic tag that first zones use: no hardware, the node as gateway with NAT. An existing one is taken as it is. */
export async function ensureInternalNetwork(node: NodeClient): Promise<NicTag> {
  const tags = await node.json<NicTag[]>('nic_tag.list')
  const there = tags.find(({ name }) => name === internalTag)
  if (there !== undefined) return there
  const tag: NicTag = { name: internalTag, type: 'normal', mac: '-', mtu: 1500, host_addresses: planHostAddresses(readAddresses(), randomBytes(5)), nat: true }
  await finishOperation(node, 'nic_tag.create', { json: tag })
  return tag
}

/**
 * Addresses of the node on the internal network: the first 10.N.0.1/24 from N = 88 on that the host does
 * not use yet, and a unique local prefix (RFC 4193) from five random bytes.
 */
export function planHostAddresses(used: readonly string[], random: Uint8Array): string[] {
  const second = [88, 89, 90, 91, 92, 93, 94, 95].find((number) => !used.some((address) => address.startsWith(`10.${number}.`)))
  if (second === undefined)
    throw new AppError('AddressConflict', 'The networks 10.88.0.0/16 to 10.95.0.0/16 are all in use on this machine.', {
      hint: `make the nic tag ${internalTag} by hand: nictagadm add`,
    })
  const hex = Buffer.from(random).toString('hex')
  return [`10.${second}.0.1/24`, `fd${hex.slice(0, 2)}:${hex.slice(2, 6)}:${hex.slice(6, 10)}::1/64`]
}

function readAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address))
}
