import { readTextFile } from '#host/fs/atomic.ts'

/** How this host mounts its control groups. `parent` is the group below which each zone has its own, in every hierarchy. */
export type CgroupLayout =
  | { version: 1; parent: string; controllers: Record<string, string>; unified: string | null }
  | { version: 2; parent: string; root: string }

/** Layout from the text of /proc/mounts. v1 (also hybrid) wins: a controller it has, v2 cannot have. */
export function parseLayout(mounts: string, parent: string): CgroupLayout {
  const lines = mounts.split('\n').map((line) => line.split(' '))
  const unified = lines.find(([, , type]) => type === 'cgroup2')?.[1] ?? null
  const controllers: Record<string, string> = {}
  for (const [, target = '', type, options = ''] of lines) {
    if (type === 'cgroup') for (const name of options.split(',').filter(isController)) controllers[name] ??= target
  }
  if (Object.keys(controllers).length > 0) return { version: 1, parent, controllers, unified }
  return { version: 2, parent, root: unified ?? '/sys/fs/cgroup' }
}

function isController(option: string): boolean {
  return option.startsWith('name=') || v1Controllers.has(option)
}

const v1Controllers = new Set([
  'cpu',
  'cpuacct',
  'cpuset',
  'memory',
  'devices',
  'freezer',
  'blkio',
  'pids',
  'net_cls',
  'net_prio',
  'perf_event',
  'hugetlb',
  'rdma',
  'misc',
])

/** Layout of this host. */
export async function readLayout(parent: string): Promise<CgroupLayout> {
  return parseLayout((await readTextFile('/proc/self/mounts')) ?? '', parent)
}

/** Every directory that a zone's group has, each hierarchy once. */
export function groupDirectories(layout: CgroupLayout, uuid: string): string[] {
  const roots = layout.version === 2 ? [layout.root] : [...Object.values(layout.controllers), ...(layout.unified === null ? [] : [layout.unified])]
  return [...new Set(roots)].map((root) => `${root}/${layout.parent}/${uuid}`)
}

/** The cgroup2 directory that a systemd zone is given for its own tree; null when the host has no cgroup2. */
export function delegatedDirectory(layout: CgroupLayout, uuid: string): string | null {
  const root = layout.version === 2 ? layout.root : layout.unified
  return root === null ? null : `${root}/${layout.parent}/${uuid}`
}

/** Directory of the zone's group that has this controller; null when the host has none mounted. */
export function controllerDirectory(layout: CgroupLayout, controller: string, uuid: string): string | null {
  const root = layout.version === 2 ? layout.root : layout.controllers[controller]
  return root === undefined ? null : `${root}/${layout.parent}/${uuid}`
}
