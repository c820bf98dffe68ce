import type { Context } from '../context.ts'
import { renderGuardRemoval } from '../nft/guard.ts'
import { run } from '../run/run.ts'
import { endDhcp } from './dhcp.ts'
import { asNetworkError } from './known-failures.ts'

/** Ends DHCP clients, removes the links that are left and the guards. */
export async function detach(runDir: string, hostLinks: readonly string[], context: Context): Promise<void> {
  if (hostLinks.length === 0) return
  await Promise.all(hostLinks.map((link) => endDhcp(runDir, link)))
  // -force goes on after a link that went with its namespace; that is the usual case and leaves exit code 1.
  const input = hostLinks.map((link) => `link del dev ${link}\n`).join('')
  // At the same time: a link whose guard has gone first sends nothing.
  const guards = run(['nft', '-f', '-'], { input: renderGuardRemoval(hostLinks) }, context)
  const links = run(['ip', '-force', '-batch', '-'], { input, okCodes: [0, 1] }, context)
  for (const result of await Promise.allSettled([guards, links])) {
    if (result.status === 'rejected') throw asNetworkError(result.reason, `Detaching ${hostLinks.join(', ')}`)
  }
}
