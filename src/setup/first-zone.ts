import { setTimeout as sleep } from 'node:timers/promises'
import type { NodeClient } from '#client/node-client.ts'
import { AppError } from '#contracts/errors.ts'
import type { Machine } from '#contracts/machine/record.ts'
import type { NicTag } from '#contracts/network/address.ts'
import { readTextFile } from '#host/fs/atomic.ts'
import { finishOperation } from './operation.ts'

export const firstAlias = 'debian0'
const provisionLimitMs = 5 * 60_000

/** The first zone, made when no machine has its alias; one that is there is left as it is. */
export async function ensureFirstZone(node: NodeClient, made: { image: string; tag: NicTag }): Promise<Machine> {
  const found = await readByAlias(node)
  if (found !== undefined && found.state !== 'provisioning') return found
  if (found === undefined) {
    const payload = planFirstZone({ ...made, resolvers: await readResolvers(), keys: await readTextFile('/root/.ssh/authorized_keys') })
    await finishOperation(node, 'machine.create', { json: payload })
  }
  return await waitUntilProvisioned(node)
}

async function readByAlias(node: NodeClient): Promise<Machine | undefined> {
  const [machine] = await node.json<Machine[]>('machine.list', { query: { filter: `alias=${firstAlias}` } })
  return machine
}

async function waitUntilProvisioned(node: NodeClient): Promise<Machine> {
  const deadline = performance.now() + provisionLimitMs
  for (;;) {
    const machine = await readByAlias(node)
    if (machine === undefined) throw new AppError('ProvisionFailed', `The zone ${firstAlias} went away while it was provisioned.`, { hint: './spirula logs' })
    if (machine.state === 'running') return machine
    if (machine.state === 'failed' || performance.now() > deadline) {
      throw new AppError('ProvisionFailed', `The zone ${firstAlias} (${machine.uuid}) was not provisioned: it is ${machine.state}.`, {
        hint: `vmadm console ${machine.uuid}`,
      })
    }
    await sleep(100)
  }
}

interface FirstZoneFacts {
  image: string
  tag: NicTag
  resolvers: readonly string[]
  /** Text of root's authorized_keys; null without one. */
  keys: string | null
}

/** Payload of the first zone: on each network of the tag the host number 10, the node as its gateway. */
export function planFirstZone(facts: FirstZoneFacts): Record<string, unknown> {
  const hosts = facts.tag.host_addresses ?? []
  const addresses = hosts.map((address) => address.replace(/([.:])1\//, '$110/'))
  const gateways = hosts.map((address) => address.split('/')[0]!).filter((address) => address.includes('.'))
  return {
    brand: 'lx',
    alias: firstAlias,
    hostname: firstAlias,
    image_uuid: facts.image,
    max_physical_memory: 512,
    quota: 10,
    nics: [{ nic_tag: facts.tag.name, ips: addresses.length > 0 ? addresses : ['dhcp'], ...(gateways.length > 0 ? { gateways } : {}), primary: true }],
    resolvers: facts.resolvers,
    ...(facts.keys === null || facts.keys.trim() === '' ? {} : { customer_metadata: { root_authorized_keys: facts.keys } }),
  }
}

async function readResolvers(): Promise<string[]> {
  const own = parseResolvers((await readTextFile('/etc/resolv.conf')) ?? '')
  // systemd-resolved listens on the host's loopback only; behind it stand the real ones.
  return own.length > 0 ? own : parseResolvers((await readTextFile('/run/systemd/resolve/resolv.conf')) ?? '')
}

/** Name servers of a resolv.conf that a zone can reach too: none of loopback or of one link; at most three. */
export function parseResolvers(text: string): string[] {
  const servers = text.split('\n').flatMap((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? [])
  return servers.filter((server) => !/^(127\.|0\.0\.0\.0$|::1$|::$|fe80:|169\.254\.|.*%)/i.test(server)).slice(0, 3)
}
