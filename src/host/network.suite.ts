import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '#contracts/errors.ts'
import type { NicTag } from '#contracts/network/address.ts'
import { bridgeName } from '#contracts/network/bridge-name.ts'
import type { Context } from './context.ts'
import type { Network, NicPlan } from './network.ts'

/** What the suite needs of the network under test: where zones' namespaces come from. */
export interface NetworkUnderTest {
  network: Network
  context: Context
  /** Path of a fresh network namespace owned by a fresh user namespace. */
  createNetns(): Promise<string>
  /** Addresses, CIDR, of a link as the zone sees them. */
  readAddresses(netns: string, link: string): Promise<string[]>
}

export const suiteTag: NicTag = { name: 'suite0', type: 'etherstub', mac: '-', mtu: 1500 }

export function suiteNic(zone: number, changes: Partial<NicPlan> = {}): NicPlan {
  const mac = `02:08:20:00:00:${zone.toString(16).padStart(2, '0')}`
  return {
    interface: 'net0',
    host_link: `z${zone}n0`,
    bridge: bridgeName(suiteTag.name),
    mac,
    mtu: 1500,
    vlan_id: 0,
    addresses: [`10.77.0.${zone}/24`, `fd77::${zone}/64`],
    dhcp: false,
    addrconf: false,
    gateways: [],
    guard: {
      mac_nospoof: true,
      allowed_ips: [`10.77.0.${zone}`, `fd77::${zone}`],
      dhcp_nospoof: true,
      allowed_dhcp_cids: [],
      restricted: true,
      blocked_outgoing_ports: [],
    },
    ...changes,
  }
}

/** Registers the cases that the fake and the real network both pass. */
export function registerNetworkSuite(name: string, make: () => Promise<NetworkUnderTest>): void {
  test(`${name}: a tag can be ensured again, attached to, and not deleted while a nic is on it`, async () => {
    const { network, context, createNetns } = await make()
    await network.ensureTag(suiteTag, context)
    await network.ensureTag(suiteTag, context)
    await network.setGuards([suiteNic(2)], context)
    await network.attach(await createNetns(), [suiteNic(2)], [], context)
    assert.deepEqual(await network.listHostLinks(context), ['z2n0'])
    await assert.rejects(network.destroyTag(suiteTag, context), (error) => isAppError(error, 'NicTagInUse'))
    await network.detach(['z2n0'], context)
    await network.detach(['z2n0'], context)
    assert.deepEqual(await network.listHostLinks(context), [])
    await network.destroyTag(suiteTag, context)
    await network.destroyTag(suiteTag, context)
  })

  test(`${name}: a nic on a bridge that is not there is refused and leaves nothing`, async () => {
    const { network, context, createNetns } = await make()
    await network.ensureTag(suiteTag, context)
    const nics = [suiteNic(3), suiteNic(3, { interface: 'net1', host_link: 'z3n1', bridge: 'br-none', mac: '02:08:20:00:01:03', addresses: [] })]
    await assert.rejects(network.attach(await createNetns(), nics, [], context), (error) => isAppError(error, 'NicTagNotFound'))
    assert.deepEqual(await network.listHostLinks(context), [])
    await network.destroyTag(suiteTag, context)
  })

  test(`${name}: a host link in use is refused and stays with its zone`, async () => {
    const { network, context, createNetns } = await make()
    await network.ensureTag(suiteTag, context)
    await network.attach(await createNetns(), [suiteNic(4)], [], context)
    await assert.rejects(network.attach(await createNetns(), [suiteNic(4)], [], context), (error) => isAppError(error, 'Busy'))
    assert.deepEqual(await network.listHostLinks(context), ['z4n0'])
    await network.detach(['z4n0'], context)
    await network.destroyTag(suiteTag, context)
  })

  test(`${name}: reconfigure replaces addresses of a running zone`, async () => {
    const { network, context, createNetns, readAddresses } = await make()
    await network.ensureTag(suiteTag, context)
    const netns = await createNetns()
    await network.attach(netns, [suiteNic(5)], [], context)
    assert.deepEqual(await readAddresses(netns, 'net0'), ['10.77.0.5/24', 'fd77::5/64'])
    const changed = suiteNic(5, { addresses: ['10.77.0.50/24', 'fd77::5/64'] })
    await network.setGuards([changed], context)
    await network.reconfigure(netns, [changed], [{ to: '10.99.0.0/16', via: '10.77.0.1', interface: null }], context)
    await network.reconfigure(netns, [changed], [], context)
    assert.deepEqual((await readAddresses(netns, 'net0')).sort(), ['10.77.0.50/24', 'fd77::5/64'])
    await network.detach(['z5n0'], context)
    await network.destroyTag(suiteTag, context)
  })

  test(`${name}: guards are set before or after attaching, and detached with or without a link`, async () => {
    const { network, context, createNetns } = await make()
    await network.ensureTag(suiteTag, context)
    const [early, late] = [suiteNic(6), suiteNic(7)]
    await network.setGuards([early], context)
    await network.setGuards([early], context)
    assert.deepEqual(await network.listGuards(context), ['z6n0'])
    for (const nic of [early, late]) await network.attach(await createNetns(), [nic], [], context)
    await network.setGuards([early, late], context)
    assert.deepEqual(await network.listHostLinks(context), ['z6n0', 'z7n0'])
    await network.detach(['z6n0', 'z7n0'], context)
    await network.setGuards([early], context)
    await network.detach(['z6n0'], context)
    assert.deepEqual(await network.listHostLinks(context), [])
    assert.deepEqual(await network.listGuards(context), [])
    await network.destroyTag(suiteTag, context)
  })

  test(`${name}: a normal tag whose hardware is missing is refused`, async () => {
    const { network, context } = await make()
    const tag: NicTag = { name: 'gone0', type: 'normal', mac: '02:00:00:de:ad:00', mtu: 1500 }
    await assert.rejects(network.ensureTag(tag, context), (error) => isAppError(error, 'NicTagNotFound'))
  })
}
