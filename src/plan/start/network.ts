import type { NicTag } from '#contracts/network/address.ts'
import { bridgeMac, bridgeName } from '#contracts/network/bridge-name.ts'
import { isInSubnet, parseAddress, parseCidr } from '#lib/cidr.ts'
import { type Bond, type Nic, type TagLink, planLinks } from './links.ts'
import type { InterfaceSetting, NetworkSettings } from './network-settings.ts'
import { renderBond, renderBridge, renderInterface, renderJoin, renderMember, renderVlan } from './networkd.ts'

export interface NetworkPlan {
  /** systemd-networkd's files by name, for /run/systemd/network. */
  files: ReadonlyMap<string, string>
  /** For the daemon: the tags it shall have. */
  tags: readonly NicTag[]
  /** Links that carry addresses of the node, in the order they are worth showing. */
  shown: readonly string[]
  problems: readonly string[]
}

/** The file of the image that has every wired link ask for an address; an empty one of that name switches it off. */
export const dhcpForAll = '95-spirula-dhcp.network'

/**
 * The network of a node with settings. Each tag is a bridge with its link in it; the node's own addresses are on
 * the bridge, or on a VLAN over it. A link can be in one bridge only: a second tag on it gets a bridge that a
 * pair of virtual links joins to the first.
 */
export function planNetwork(settings: NetworkSettings, nics: readonly Nic[]): NetworkPlan {
  const links = planLinks(settings, nics)
  const problems = [...settings.problems, ...links.problems]
  const files = new Map<string, string>([[dhcpForAll, '']])
  for (const bond of links.bonds) addBond(bond, files)
  const tags = links.tags.map((place, index) => addTag(place, { index, links: links.tags, files }))
  const interfaces = withDefaultRoute(settings, problems)
  addInterfaces(interfaces, { settings, tags: links.tags, files, problems })
  const stubs = settings.etherstubs.map((name): NicTag => ({ name, type: 'etherstub', mac: '-', mtu: 1500 }))
  return { files, tags: [...tags, ...stubs], shown: interfaces.map(linkOf), problems }
}

type Files = Map<string, string>

function addBond(bond: Bond, files: Files): void {
  const { name } = bond.setting
  files.set(`10-${name}.netdev`, renderBond(bond.setting, bond.members[0]!.mac))
  for (const nic of bond.members) files.set(`40-${nic.name}.network`, renderMember(nic.name, { bond: name }, bond.setting.mtu))
}

/** The tag's bridge, and what ties it to its link. Gives the tag as the daemon is to have it. */
function addTag({ tag, link }: TagLink, { index, links, files }: { index: number; links: readonly TagLink[]; files: Files }): NicTag {
  const bridge = bridgeName(tag.name)
  const first = link === null ? undefined : links.find((other) => other.link?.name === link.name)
  const isJoined = first !== undefined && first.tag.name !== tag.name
  const mac = link === null || isJoined ? bridgeMac(tag.name) : link.mac
  files.set(`20-${bridge}.netdev`, renderBridge(bridge, mac, tag.mtu))
  if (isJoined) {
    const ends = [`join${index}`, `join${index}t`] as const
    files.set(`30-${ends[0]}.netdev`, renderJoin(ends, mac))
    files.set(`40-${ends[0]}.network`, renderMember(ends[0], { bridge: bridgeName(first.tag.name) }, first.tag.mtu))
    files.set(`40-${ends[1]}.network`, renderMember(ends[1], { bridge }, tag.mtu))
  } else if (link !== null) {
    const mtu = Math.max(...links.filter((other) => other.link?.name === link.name).map((other) => other.tag.mtu))
    files.set(`40-${link.name}.network`, renderMember(link.name, { bridge }, mtu))
  }
  // The daemon looks for the link with a tag's MAC: of a joined tag that is the end in its own bridge.
  return { name: tag.name, type: 'normal', mac: link === null ? '-' : mac, mtu: tag.mtu }
}

/** Puts the node's default route on the interface in whose subnet it is; interfaces keep no default route of their own beside it. */
function withDefaultRoute(settings: NetworkSettings, problems: string[]): InterfaceSetting[] {
  const interfaces = settings.interfaces.map((one) => ({ ...one }))
  const gateway = settings.defaultGateway ?? interfaces.find((one) => one.gateway4 !== null)?.gateway4 ?? null
  for (const one of interfaces) one.gateway4 = null
  if (gateway === null) return interfaces
  const address = parseAddress(gateway)
  const owner = interfaces.find(({ ip4 }) => {
    const subnet = ip4 === null ? null : parseCidr(ip4)
    return address !== null && subnet !== null && isInSubnet(address, subnet)
  })
  if (owner !== undefined) owner.gateway4 = gateway
  else if (interfaces.every(({ ip4 }) => ip4 !== 'dhcp')) problems.push(`The gateway ${gateway} is in no subnet of this node, so there is no default route.`)
  return interfaces
}

interface Addressing {
  settings: NetworkSettings
  tags: readonly TagLink[]
  files: Files
  problems: string[]
}

function addInterfaces(interfaces: readonly InterfaceSetting[], { settings, tags, files, problems }: Addressing): void {
  const options = { useDns: !settings.hasResolvers, useGateway: interfaces.every(({ gateway4 }) => gateway4 === null) }
  for (const { tag } of tags) {
    const own = interfaces.filter((one) => one.tag === tag.name)
    const untagged = own.filter(({ vlan }) => vlan === 0)
    const vlans = own.filter(({ vlan }) => vlan !== 0)
    const bridge = bridgeName(tag.name)
    files.set(`50-${bridge}.network`, renderInterface(bridge, untagged, { ...options, vlans: vlans.map(({ name }) => name) }))
    for (const one of vlans) {
      files.set(`30-${one.name}.netdev`, renderVlan(one))
      files.set(`50-${one.name}.network`, renderInterface(one.name, [one], { ...options, vlans: [] }))
    }
    for (const one of untagged)
      if (one.mac !== null && one.name !== 'admin')
        problems.push(`${one.name} has the MAC of its tag's link: a MAC of its own needs a VLAN (${one.name}_vlan_id).`)
  }
}

function linkOf({ name, tag, vlan }: InterfaceSetting): string {
  return vlan === 0 ? bridgeName(tag) : name
}
