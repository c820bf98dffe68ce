import type { Writable } from 'node:stream'
import { createNodeClient } from '#client/node-client.ts'
import type { Machine } from '#contracts/machine/record.ts'
import type { Context } from '#host/context.ts'
import { busybox } from '#image/profiles/busybox.ts'
import { debian13 } from '#image/profiles/debian-13.ts'
import { ensureCommands } from './commands.ts'
import { ensureDaemon } from './daemon.ts'
import { ensureFirstZone } from './first-zone.ts'
import { ensureImage } from './images.ts'
import { ensureInternalNetwork } from './internal-network.ts'
import { createProgress } from '#lib/progress.ts'
import { ensureShellHelp } from './shell-help.ts'
import { ensureChoices, type Places, socketOf, type UpOptions } from './settings.ts'

/** Steps 1 to 3 are the bootstrap script's. */
const numbers = { first: 4, total: 8 }

/** Makes this machine a node, step by step; each is left out when there is nothing to do. */
export async function bringUp(places: Places, options: UpOptions, tell: { out: Writable; context: Context }): Promise<void> {
  const { out, context } = tell
  const progress = createProgress(out, { ...numbers, total: options.zone ? numbers.total : numbers.total - 1 })
  const node = createNodeClient(socketOf(places))
  await progress.step('commands', async () => {
    await ensureCommands(places.commandDir, { node: process.execPath, root: places.root })
    await ensureShellHelp(places.shareDir, places.root)
  })
  await progress.step('pool and node daemon', async () => await ensureDaemon(places, await ensureChoices(places, options.given), context))
  const image = await progress.step('images', async (note) => {
    await ensureImage(busybox, { node, cache: places.imageCache, note }, context)
    return await ensureImage(debian13, { node, cache: places.imageCache, note }, context)
  })
  const tag = await progress.step('internal network', async () => await ensureInternalNetwork(node))
  if (!options.zone) return
  const machine = await progress.step('first zone', async () => await ensureFirstZone(node, { image, tag }))
  out.write(renderSummary(machine))
}

/** What to type next. */
export function renderSummary(machine: Machine): string {
  const addresses = machine.nics.flatMap(({ ips }) => ips.map((ip) => ip.split('/')[0]!))
  const rows = [
    ['zone', `${machine.alias ?? machine.hostname}, ${machine.state}, ${machine.uuid}`],
    ['addresses', addresses.join(', ')],
    ['enter it', `zlogin ${machine.uuid}`],
    ['', `vmadm console ${machine.uuid}`],
    ['all machines', 'vmadm list'],
    ['the node', './spirula status'],
  ] as const
  return `\n${rows.map(([title, text]) => `  ${title.padEnd(14)}${text}`).join('\n')}\n`
}
