import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { command } from '../bench/command.ts'
import { listGroupDirectories, listKeepers, type TestNode } from './test-node.ts'
import { listPoolDatasets } from './test-pool.ts'

/** Everything that belongs to machines of a node, as the kernel and the pool have it, without asking the daemon. */
export interface Inventory {
  records: string[]
  /** UUIDs that have a dataset (images left out); names with a suffix show as they are. */
  datasets: string[]
  /** UUIDs with a cgroup on any hierarchy. */
  groups: string[]
  /** Host ends of nics. */
  links: string[]
  /** Nics that have a guard. */
  guards: string[]
  keepers: number
  /** UUIDs with files in the run directory. */
  runFiles: string[]
  journal: string[]
}

const uuidForm = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/

export async function readInventory(node: Pick<TestNode, 'pool' | 'poolName' | 'runDir' | 'cgroupParent'>, images: readonly string[]): Promise<Inventory> {
  const names = (await listPoolDatasets(node.poolName, node.pool)).filter((path) => uuidForm.test(path) && !images.some((image) => path.includes(image)))
  const groups = (await listGroupDirectories(node.cgroupParent)).flatMap((path) => uuidForm.exec(path)?.[0] ?? [])
  const links = JSON.parse(await command(['ip', '-j', 'link', 'show', 'type', 'veth'])) as { ifname?: string }[]
  const rules = await command(['nft', 'list', 'table', 'bridge', 'spirula']).catch(() => '')
  const runFiles = await Promise.all(['zones', 'guests', 'nics', 'crun'].map((name) => listNames(join(node.runDir, name))))
  return {
    records: (await listNames(join(node.pool, 'config/machines'))).map((name) => name.replace('.json', '')),
    datasets: [...new Set(names)].sort(),
    groups: [...new Set(groups)].sort(),
    links: links.flatMap((link) => (/^z\d+n\d+$/.test(link.ifname ?? '') ? [link.ifname!] : [])).sort(),
    guards: [...new Set([...rules.matchAll(/"(z\d+n\d+)"/g)].map((match) => match[1]!))].sort(),
    keepers: (await listKeepers(node.runDir)).length,
    runFiles: [...new Set(runFiles.flat().flatMap((name) => uuidForm.exec(name)?.[0] ?? []))].sort(),
    journal: await listNames(join(node.pool, 'config/journal')),
  }
}

async function listNames(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => [])
  return names.filter((name) => !name.startsWith('.')).sort()
}
