import { AppError } from '#contracts/errors.ts'
import { allOrFirstError } from '#lib/all-or-first-error.ts'
import type { Context } from '../context.ts'
import type { NicPlan, RoutePlan } from '../network.ts'
import { run } from '../run/run.ts'
import { inNetns, renderHostBatch, renderRaSettings, renderVlanBatch, renderZoneBatch } from './argv.ts'
import { isLinkThere, unplumb } from './detach.ts'
import { startDhcp } from './dhcp.ts'
import { asNetworkError } from './known-failures.ts'
import { parseLinks } from './parse.ts'

export interface ZoneNetwork {
  runDir: string
  netns: string
  nics: readonly NicPlan[]
  routes: readonly RoutePlan[]
}

/**
 * Plumbs nics: the pairs with the zone's addresses and routes, then the host's ends are put on their bridges.
 * A program takes longer to start than to do its work, so both are started at once, and the second waits
 * for its lines. Until its guard is set a nic sends nothing. Undone when any part fails.
 */
export async function attach(zone: ZoneNetwork, context: Context): Promise<void> {
  const { nics } = zone
  const vlans = nics.filter((nic) => nic.vlan_id > 0)
  for (const nic of vlans) await checkVlan(nic, context)
  await checkFree(nics, context)
  try {
    const inZone = plumbZone(zone, context)
    const hostBatch = inZone.then(
      () => renderHostBatch(nics),
      () => '',
    )
    const onHost = nics.length === 0 ? inZone : run(['ip', '-batch', '-'], { input: hostBatch }, context)
    await allOrFirstError([inZone, onHost])
    for (const nic of vlans) await joinVlan(nic, context)
    for (const nic of nics.filter((one) => one.dhcp)) await startDhcp(zone, nic, context)
  } catch (cause) {
    // Undoing must not be stopped by what stopped the work.
    await unplumb(
      zone.runDir,
      nics.map((nic) => nic.host_link),
      { ...context, signal: new AbortController().signal },
    )
    throw asNetworkError(cause, `Attaching ${nics.map((nic) => `${nic.interface} (${nic.host_link})`).join(', ')}`)
  }
}

/** The keeper has made links heed no router advertisement unless told; the ones that shall are told before they have a carrier. */
async function plumbZone({ netns, nics, routes }: ZoneNetwork, context: Context): Promise<void> {
  await run(inNetns(netns, '/sbin/ip', '-batch', '-'), { input: renderZoneBatch(nics, routes, process.pid) }, context)
  const heeding = nics.filter((nic) => nic.addrconf)
  if (heeding.length > 0) await run(inNetns(netns, '/bin/busybox', 'sysctl', '-w', ...heeding.flatMap(renderRaSettings)), {}, context)
}

/** A link of that name belongs to somebody: refused before anything is made, so that undoing cannot take it away. */
async function checkFree(nics: readonly NicPlan[], context: Context): Promise<void> {
  const names = new Set(nics.map((nic) => nic.host_link))
  if (names.size !== nics.length) throw new AppError('Busy', 'Two nics of the zone have the same host link.')
  for (const name of names) {
    if (await isLinkThere(name)) throw new AppError('Busy', `The link ${name} is there already: another zone has it.`)
  }
  if (context.signal.aborted) throw new AppError('Cancelled', 'Attaching nics was cancelled.')
}

async function checkVlan(nic: NicPlan, context: Context): Promise<void> {
  const { stdout } = await run(['ip', '-j', '-d', 'link', 'show', 'dev', nic.bridge], { okCodes: [0, 1] }, context)
  // `vlan_filtering` is printed by every kernel; the settings that go with it only where they act.
  const data = parseLinks(stdout)[0]?.linkinfo?.info_data ?? {}
  if (!('vlan_default_pvid' in data)) {
    throw new AppError('NotSupported', `The nic ${nic.interface} asks for VLAN ${nic.vlan_id}, but this kernel has no VLANs on bridges (8021q).`, {
      hint: 'leave vlan_id out, or boot a kernel with 8021q',
    })
  }
}

async function joinVlan(nic: NicPlan, context: Context): Promise<void> {
  const { stdout } = await run(['ip', '-j', 'link', 'show', 'master', nic.bridge], {}, context)
  const uplinks = parseLinks(stdout)
    .map((link) => link.ifname)
    .filter((name) => !/^z\d+n\d+$/.test(name))
  await run(['ip', 'link', 'set', 'dev', nic.bridge, 'type', 'bridge', 'vlan_filtering', '1'], {}, context)
  await run(['/sbin/bridge', '-batch', '-'], { input: renderVlanBatch(nic, uplinks) }, context)
}
