import { readlink } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { basename, join } from 'node:path'
import { listDirectory, readTextFile } from '../fs/atomic.ts'

export interface LinkFacts {
  name: string
  kind: 'physical' | 'virtual' | 'aggregation'
  mac: string
  up: boolean
  /** First IPv4 address, '' without one. */
  ip4: string
  /** Link this one lies on (VLAN) or is attached to (bridge), null without one. */
  host: string | null
  /** VLAN id of an 802.1Q link, '0' else. */
  vlan: string
  /** Of an aggregation. */
  members: string[]
  lacp: string
}

/** Links of the host from /sys/class/net, without loopback and the host ends of zones' nics (`z<N>n<N>`). */
export async function readLinks(sysNet = '/sys/class/net'): Promise<LinkFacts[]> {
  const names = (await listDirectory(sysNet)).filter((name) => name !== 'lo' && !/^z\d+n\d+$/.test(name))
  const addresses = networkInterfaces()
  const facts = names.toSorted().map(async (name) => {
    const ip4 = addresses[name]?.find((address) => address.family === 'IPv4')?.address ?? ''
    return { ...(await readLink(join(sysNet, name), name)), ip4 }
  })
  return (await Promise.all(facts)).filter((link) => link !== null && link.mac !== '')
}

async function readLink(directory: string, name: string): Promise<Omit<LinkFacts, 'ip4'>> {
  // Some files answer EINVAL while a link is down, and a link may go at any time.
  const read = async (file: string): Promise<string> => ((await readTextFile(join(directory, file)).catch(() => null)) ?? '').trim()
  const [mac, state, bond, mode, device] = await Promise.all([
    read('address'),
    read('operstate'),
    read('bonding/slaves'),
    read('bonding/mode'),
    readTarget(join(directory, 'device')),
  ])
  const lower = (await listDirectory(directory).catch(() => [])).find((file) => file.startsWith('lower_'))
  return {
    name,
    kind: mode !== '' ? 'aggregation' : device === null ? 'virtual' : 'physical',
    mac,
    // A veth or tun says "unknown" while it works.
    up: state === 'up' || state === 'unknown',
    host: lower?.slice('lower_'.length) ?? (await readTarget(join(directory, 'master'))),
    vlan: /\.(\d+)$/.exec(name)?.[1] ?? '0',
    members: bond.split(' ').filter(Boolean),
    lacp: mode.startsWith('802.3ad') ? 'active' : 'off',
  }
}

async function readTarget(path: string): Promise<string | null> {
  return await readlink(path).then(basename, () => null)
}
