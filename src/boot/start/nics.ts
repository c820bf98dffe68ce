import { readTextFile } from '#host/fs/atomic.ts'
import { readLinks } from '#host/sys/links.ts'
import type { Nic } from '#plan/start/links.ts'
import type { System } from '../system.ts'

const carrierWaitMs = 4000

/** The wired links of this machine, by name. */
export async function readNics(sysNet = '/sys/class/net'): Promise<Nic[]> {
  const links = (await readLinks(sysNet)).filter(({ kind }) => kind === 'physical')
  return await Promise.all(
    links.map(async ({ name, mac, up }) => {
      // The members of a bond carry its MAC, and tell their own here.
      const own = (await readTextFile(`${sysNet}/${name}/bonding_slave/perm_hwaddr`).catch(() => null))?.trim() ?? mac
      return { name, mac: own.toLowerCase(), carrier: up }
    }),
  )
}

/** Switches links on and waits until one says that it is connected, or a few seconds. A link that is off does not tell. */
export async function readConnected(system: System, nics: readonly Nic[], read: () => Promise<Nic[]>): Promise<Nic[]> {
  for (const { name } of nics) await system.run(['ip', 'link', 'set', 'dev', name, 'up'], { okCodes: [0, 1, 2] })
  const step = 250
  let found = await read()
  for (let waited = 0; waited < carrierWaitMs && !found.some(({ carrier }) => carrier); waited += step) {
    await system.wait(step)
    found = await read()
  }
  return found
}
