import { allOrFirstError } from '#lib/all-or-first-error.ts'
import type { Context } from '../context.ts'
import { readTextFile } from '../fs/atomic.ts'
import { applyGuards } from '../nft/apply.ts'
import { renderGuardRemoval } from '../nft/guard.ts'
import { checkToken } from '../nft/token.ts'
import { run } from '../run/run.ts'
import { endDhcp } from './dhcp.ts'
import { asNetworkError } from './known-failures.ts'

/** Removes guards, DHCP clients and links, at the same time: a link whose guard has gone first sends nothing. */
export async function detach(runDir: string, hostLinks: readonly string[], context: Context): Promise<void> {
  if (hostLinks.length === 0) return
  const guards = applyGuards(renderGuardRemoval(hostLinks), context)
  await allOrFirstError([guards, unplumb(runDir, hostLinks, context)]).catch((cause: unknown) => {
    throw asNetworkError(cause, `Detaching ${hostLinks.join(', ')}`)
  })
}

/** Ends DHCP clients and removes the links that are left; they go by themselves with the zone's namespace. */
export async function unplumb(runDir: string, hostLinks: readonly string[], context: Context): Promise<void> {
  await Promise.all(hostLinks.map((link) => endDhcp(runDir, link)))
  const there = await Promise.all(hostLinks.map(isLinkThere))
  const left = hostLinks.filter((_, index) => there[index])
  if (left.length === 0) return
  // -force goes on after a link that has gone meanwhile; that leaves exit code 1.
  await run(['ip', '-force', '-batch', '-'], { input: left.map((link) => `link del dev ${link}\n`).join(''), okCodes: [0, 1] }, context)
}

export async function isLinkThere(name: string): Promise<boolean> {
  return (await readTextFile(`/proc/sys/net/ipv4/conf/${checkToken('link', name)}/forwarding`)) !== null
}
