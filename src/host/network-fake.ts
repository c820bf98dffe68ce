import { AppError } from '#contracts/errors.ts'
import type { NicTag } from '#contracts/network/address.ts'
import { bridgeName } from '#contracts/network/bridge-name.ts'
import type { DhcpLease, Network, NicGuard, NicPlan, PhysicalLink, RoutePlan } from './network.ts'

/** The fake's state, for tests to look at, and its switches. */
export interface FakeNetwork extends Network {
  readonly tags: Map<string, NicTag>
  /** By host link. */
  readonly nics: Map<string, { netns: string; nic: NicPlan; routes: RoutePlan[] }>
  /** By host link; without one a nic sends nothing. */
  readonly guards: Map<string, NicGuard>
  readonly leases: Map<string, DhcpLease>
  /** What a DHCP server on the wire would do. */
  grantLease(hostLink: string, lease: DhcpLease): void
  physical: PhysicalLink[]
  /** The next call of this method fails, once. */
  failNext: keyof Network | null
}

/** Networking in memory, with the refusals of the real one. `network.suite.ts` holds both to the same. */
export function createFakeNetwork(): FakeNetwork {
  const leases = createFakeLeases()
  const network: FakeNetwork = {
    tags: new Map(),
    nics: new Map(),
    guards: new Map(),
    physical: [],
    failNext: null,

    async ensureTag(tag) {
      failIfAsked('ensureTag')
      if (tag.type === 'normal' && tag.mac !== '-' && !network.physical.some((link) => link.mac === tag.mac)) {
        throw new AppError('NicTagNotFound', `The nic tag ${tag.name} names the MAC ${tag.mac}, but no link of this node has it.`)
      }
      network.tags.set(tag.name, structuredClone(tag))
    },
    async destroyTag(tag) {
      failIfAsked('destroyTag')
      for (const { nic } of network.nics.values()) {
        if (nic.bridge === bridgeName(tag.name))
          throw new AppError('NicTagInUse', `The nic tag ${tag.name} cannot be deleted: the nic ${nic.host_link} of a running machine is on it.`)
      }
      network.tags.delete(tag.name)
    },
    async attach(netns, nics, routes) {
      for (const nic of nics) checkAttachable(network, nic)
      failIfAsked('attach')
      for (const nic of nics) network.nics.set(nic.host_link, structuredClone({ netns, nic, routes }))
    },
    async detach(hostLinks) {
      failIfAsked('detach')
      for (const link of hostLinks) network.nics.delete(link)
      for (const map of [network.guards, network.leases]) for (const link of hostLinks) map.delete(link)
    },
    async setGuards(nics) {
      failIfAsked('setGuards')
      for (const nic of nics) network.guards.set(nic.host_link, structuredClone(nic.guard))
    },
    async reconfigure(netns, nics, routes) {
      failIfAsked('reconfigure')
      for (const nic of nics) {
        const attached = network.nics.get(nic.host_link)
        if (attached?.netns !== netns) throw new AppError('CommandFailed', `Changing the addresses of ${nic.interface} failed.`)
        network.nics.set(nic.host_link, structuredClone({ netns, nic, routes }))
      }
    },
    ...leases,
    listHostLinks: async () => [...network.nics.keys()].sort(),
    listGuards: async () => [...network.guards.keys()].sort(),
    listPhysical: async () => structuredClone(network.physical),
  }

  function failIfAsked(method: keyof Network): void {
    if (network.failNext !== method) return
    network.failNext = null
    throw new AppError('CommandFailed', `The fake network was told to fail in ${method}.`)
  }

  return network
}

function createFakeLeases(): Pick<FakeNetwork, 'leases' | 'grantLease' | 'readLease' | 'onLease'> {
  const listeners = new Set<(hostLink: string) => void>()
  const leases = new Map<string, DhcpLease>()
  return {
    leases,
    grantLease(hostLink, lease) {
      leases.set(hostLink, lease)
      for (const listener of listeners) listener(hostLink)
    },
    readLease: async (hostLink) => leases.get(hostLink) ?? null,
    onLease(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

function checkAttachable(network: FakeNetwork, nic: NicPlan): void {
  if (network.nics.has(nic.host_link)) throw new AppError('Busy', `The link ${nic.host_link} is there already: another zone has it.`)
  if (![...network.tags.keys()].some((name) => bridgeName(name) === nic.bridge))
    throw new AppError('NicTagNotFound', `Attaching ${nic.interface} failed: the bridge ${nic.bridge} of its nic tag is not there.`)
}
