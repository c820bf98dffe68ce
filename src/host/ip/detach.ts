import type { Context } from '../context.ts'
import { renderGuardRemoval } from '../nft/guard.ts'
import { run } from '../run/run.ts'
import { endDhcp } from './dhcp.ts'
import { asNetworkError } from './known-failures.ts'

/** Ends DHCP clients, removes links that are left, then the guards: a link is never there without one. */
export async function detach(runDir: string, hostLinks: readonly string[], context: Context): Promise<void> {
  if (hostLinks.length === 0) return
  await Promise.all(hostLinks.map((link) => endDhcp(runDir, link)))
  // -force goes on after a link that went with its namespace; that is the usual case and leaves exit code 1.
  const input = hostLinks.map((link) => `link del dev ${link}\n`).join('')
  await run(['ip', '-force', '-batch', '-'], { input, okCodes: [0, 1] }, context)
  await run(['nft', '-f', '-'], { input: renderGuardRemoval(hostLinks) }, context).catch((cause: unknown) => {
    throw asNetworkError(cause, `Removing the guards of ${hostLinks.join(', ')}`)
  })
}
