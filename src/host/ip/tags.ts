import { join } from 'node:path'
import { z } from 'zod'
import { AppError } from '#contracts/errors.ts'
import type { NicTag } from '#contracts/network/address.ts'
import { bridgeName } from '#contracts/network/bridge-name.ts'
import type { Context } from '../context.ts'
import { ensureDirectory, readJsonFile, writeFileAtomic } from '../fs/atomic.ts'
import { ensureGuardBase } from '../nft/apply.ts'
import { renderNat } from '../nft/nat.ts'
import { run } from '../run/run.ts'
import { renderBridgeBatch, renderUplinkBatch } from './bridge-argv.ts'
import { asNetworkError } from './known-failures.ts'
import { type Link, type Route, parseLinks, parseRoutes } from './parse.ts'
import { ensureSysctl } from './sysctl.ts'

const tagShape = z.object({
  name: z.string(),
  type: z.enum(['normal', 'etherstub']),
  mac: z.string(),
  mtu: z.number(),
  host_addresses: z.array(z.string()).optional(),
  nat: z.boolean().optional(),
})

/** A bridge's own nf_call_* switch is only heeded while these, on by default in every network namespace, are off. */
const notThroughInet = { 'net/bridge/bridge-nf-call-iptables': '0', 'net/bridge/bridge-nf-call-ip6tables': '0', 'net/bridge/bridge-nf-call-arptables': '0' }

export interface Tags {
  ensure(tag: NicTag, context: Context): Promise<void>
  destroy(tag: NicTag, context: Context): Promise<void>
}

/** The tags of a node. The ones with addresses of the node are noted in `runDir/nic-tags.json`, as one ruleset is made from all. */
export function createTags(runDir: string): Tags {
  const file = join(runDir, 'nic-tags.json')
  let applied: string | null = null
  let isGuarded = false
  let turn: Promise<void> = Promise.resolve()

  // One change of the ruleset after the other, each made from what the one before noted.
  const inTurn = (task: () => Promise<void>): Promise<void> => {
    const result = turn.then(task)
    turn = result.catch(() => {})
    return result
  }

  async function updateNat(change: (tags: NicTag[]) => NicTag[], context: Context): Promise<void> {
    const before = (await readTags(file)) ?? []
    const after = change(before).sort((a, b) => (a.name < b.name ? -1 : 1))
    const text = renderNat(after)
    if (text === applied || (before.length === 0 && after.length === 0)) return
    await ensureDirectory(runDir)
    await writeFileAtomic(file, JSON.stringify(after), { durable: false })
    await run(['nft', '-f', '-'], { input: text }, context)
    applied = text
  }

  return {
    ensure: (tag, context) =>
      inTurn(async () => {
        try {
          // Before the first bridge: no nic on it shall send unguarded.
          if (!isGuarded) await ensureGuardBase(context)
          isGuarded = true
          await ensureBridge(tag, context)
          const others = (tags: NicTag[]): NicTag[] => tags.filter((one) => one.name !== tag.name)
          await updateNat((tags) => (hasHostSide(tag) ? [...others(tags), tag] : others(tags)), context)
          if (tag.nat === true) await ensureForwarding(tag, context)
        } catch (cause) {
          throw asNetworkError(cause, `Setting up nic tag ${tag.name}`)
        }
      }),
    destroy: (tag, context) =>
      inTurn(async () => {
        await destroyBridge(tag, context)
        await updateNat((tags) => tags.filter((one) => one.name !== tag.name), context)
      }),
  }
}

function hasHostSide(tag: NicTag): boolean {
  return tag.nat === true || (tag.host_addresses ?? []).length > 0
}

async function readTags(file: string): Promise<NicTag[] | null> {
  const result = z.array(tagShape).safeParse(await readJsonFile(file))
  return result.success ? (result.data as NicTag[]) : null
}

async function ensureBridge(tag: NicTag, context: Context): Promise<void> {
  const name = bridgeName(tag.name)
  const backed = tag.type === 'normal' && tag.mac !== '-'
  const show = await run(['ip', '-j', '-d', 'address', 'show', ...(backed ? [] : ['dev', name])], { okCodes: backed ? [0] : [0, 1] }, context)
  const links = show.exitCode === 0 ? parseLinks(show.stdout) : []
  const bridge = links.find((link) => link.ifname === name)
  const uplink = backed ? findUplink(tag, links) : null
  const input = renderBridgeBatch(tag, bridge, uplink?.address)
  if (input !== '') await run(['ip', '-batch', '-'], { input }, context)
  await ensureSysctl({ ...notThroughInet, [`net/ipv6/conf/${name}/accept_ra`]: '0', [`net/ipv6/conf/${name}/autoconf`]: '0' }, context)
  if (uplink !== null && uplink.master !== name) await moveLink(uplink, name, context)
}

/** The link with the tag's MAC. Bridges and the members of bonds carry a MAC that is not their own. */
function findUplink(tag: NicTag, links: readonly Link[]): Link {
  const candidates = links.filter(
    (link) => link.address === tag.mac.toLowerCase() && link.linkinfo?.info_kind !== 'bridge' && link.linkinfo?.info_slave_kind !== 'bond',
  )
  const [uplink] = candidates
  if (uplink === undefined)
    throw new AppError('NicTagNotFound', `The nic tag ${tag.name} names the MAC ${tag.mac}, but no link of this node has it.`, {
      hint: '`ip link` shows the links of this node',
    })
  if (uplink.master !== undefined && uplink.master !== bridgeName(tag.name)) {
    throw new AppError('Busy', `The link ${uplink.ifname} of nic tag ${tag.name} is part of ${uplink.master} already.`)
  }
  return uplink
}

/** Puts hardware under the bridge; its addresses and routes move there in one batch, so that the node stays reachable. */
async function moveLink(uplink: Link, bridge: string, context: Context): Promise<void> {
  const [four, six] = await Promise.all([readRoutes(uplink.ifname, '-4', context), readRoutes(uplink.ifname, '-6', context)])
  await run(['ip', '-batch', '-'], { input: renderUplinkBatch(uplink, bridge, [...four, ...six]) }, context)
}

async function readRoutes(link: string, family: '-4' | '-6', context: Context): Promise<Route[]> {
  const { stdout } = await run(['ip', '-j', family, 'route', 'show', 'dev', link], {}, context)
  return parseRoutes(stdout)
}

/** Forwarding for IPv6 stops a host from heeding router advertisements unless accept_ra is 2: it is raised where it was 1. */
async function ensureForwarding(tag: NicTag, context: Context): Promise<void> {
  const addresses = tag.host_addresses ?? []
  const wanted: Record<string, string> = {}
  if (addresses.some((address) => address.includes('.'))) wanted['net/ipv4/ip_forward'] = '1'
  if (addresses.some((address) => address.includes(':'))) {
    const { stdout } = await run(['ip', '-j', 'route', 'show', 'default'], {}, context)
    for (const route of [...parseRoutes(stdout), ...(await readDefaults6(context))])
      if (route.dev !== undefined) wanted[`net/ipv6/conf/${route.dev}/accept_ra`] = '2'
    wanted['net/ipv6/conf/all/forwarding'] = '1'
  }
  await ensureSysctl(wanted, context)
}

async function readDefaults6(context: Context): Promise<Route[]> {
  return parseRoutes((await run(['ip', '-j', '-6', 'route', 'show', 'default'], {}, context)).stdout)
}

/** Hardware gets its addresses and routes back before the bridge goes. */
async function destroyBridge(tag: NicTag, context: Context): Promise<void> {
  const name = bridgeName(tag.name)
  const { stdout, exitCode } = await run(['ip', '-j', '-d', 'address', 'show'], { okCodes: [0, 1] }, context)
  const links = exitCode === 0 ? parseLinks(stdout) : []
  const bridge = links.find((link) => link.ifname === name)
  if (bridge === undefined) return
  const members = links.filter((link) => link.master === name)
  const zone = members.find((link) => /^z\d+n\d+$/.test(link.ifname))
  if (zone !== undefined) throw new AppError('NicTagInUse', `The nic tag ${tag.name} cannot be deleted: the nic ${zone.ifname} of a running machine is on it.`)
  const uplink = members[0]
  if (uplink !== undefined) {
    await run(['ip', 'link', 'set', 'dev', uplink.ifname, 'nomaster'], {}, context)
    const own = new Set(tag.host_addresses ?? [])
    await moveLink({ ...bridge, addr_info: (bridge.addr_info ?? []).filter((info) => !own.has(`${info.local}/${info.prefixlen}`)) }, uplink.ifname, context)
  }
  await run(['ip', 'link', 'del', 'dev', name], {}, context)
}
