import type { Context } from '../context.ts'
import type { Network, NicPlan, PhysicalLink } from '../network.ts'
import { applyGuards, listGuards } from '../nft/apply.ts'
import { renderGuards } from '../nft/guard.ts'
import { run } from '../run/run.ts'
import { attach } from './attach.ts'
import { detach } from './detach.ts'
import { readDhcpLease, watchDhcpLeases } from './dhcp.ts'
import { asNetworkError } from './known-failures.ts'
import { type Link, parseLinks } from './parse.ts'
import { reconfigure } from './reconfigure.ts'
import { createTags } from './tags.ts'

/**
 * The node's networking on Linux, by `ip` and `nft`. `runDir` (on a tmpfs) keeps the tags that the NAT ruleset was
 * made from and the DHCP clients.
 */
export function createLinuxNetwork({ runDir }: { runDir: string }): Network {
  const tags = createTags(runDir)
  return {
    ensureTag: tags.ensure,
    destroyTag: tags.destroy,
    attach: (netns, nics, routes, context) => attach({ runDir, netns, nics, routes }, context),
    reconfigure: (netns, nics, routes, context) => reconfigure({ runDir, netns, nics, routes }, context),
    detach: (hostLinks, context) => detach(runDir, hostLinks, context),
    setGuards,
    readLease: (hostLink) => readDhcpLease(runDir, hostLink),
    onLease: (listener, log) => watchDhcpLeases(runDir, listener, log),
    listHostLinks,
    listGuards,
    listPhysical,
  }
}

async function setGuards(nics: NicPlan[], context: Context): Promise<void> {
  if (nics.length === 0) return
  await applyGuards(renderGuards(nics), context).catch((cause: unknown) => {
    throw asNetworkError(cause, `Setting the guards of ${nics.map((nic) => nic.interface).join(', ')}`)
  })
}

async function listHostLinks(context: Context): Promise<string[]> {
  const { stdout } = await run(['ip', '-j', 'link', 'show', 'type', 'veth'], {}, context)
  return parseLinks(stdout)
    .map((link) => link.ifname)
    .filter((name) => /^z\d+n\d+$/.test(name))
    .sort()
}

async function listPhysical(context: Context): Promise<PhysicalLink[]> {
  const { stdout } = await run(['ip', '-j', '-d', 'link', 'show'], {}, context)
  return parseLinks(stdout)
    .filter(isPhysical)
    .map((link) => ({ name: link.ifname, mac: link.address ?? '', mtu: link.mtu, up: link.flags.includes('UP') }))
}

/** Hardware has no kind in the kernel's words; virtual links name theirs. */
function isPhysical(link: Link): boolean {
  return link.link_type === 'ether' && link.linkinfo?.info_kind === undefined
}
