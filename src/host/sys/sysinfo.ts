import { hostname, release } from 'node:os'
import { join } from 'node:path'
import { listDirectory, readTextFile } from '../fs/atomic.ts'
import { type LinkFacts, readLinks } from './links.ts'
import { parseBootTime, parseCpuinfo, parseDmi, parseKernelArguments, parseMemoryMib } from './parse.ts'

/** Facts of the pool, as its driver reads them. */
export interface ZpoolFacts {
  name: string
  encrypted: boolean
  /** Devices or files it lies on. */
  disks: string[]
  profile: string
  /** Epoch seconds, null when the file system does not tell. */
  created: number | null
  sizeGib: number
}

export interface SysinfoOptions {
  uuid: string
  /** Version of the platform image, SmartOS `Live Image`; without one the kernel's release. */
  liveImage?: string
  datacenterName?: string
  /** null while there is no pool. */
  zpool: ZpoolFacts | null
  /** Nic tags by name of the link (bridge or physical) that carries them. */
  nicTags: Record<string, string[]>
  /** What this node can run beside containers. */
  vmCapable?: boolean
  files?: { proc: string; sys: string }
}

/**
 * Facts about this node under the keys of SmartOS sysinfo(8) (smartos-node reference 7.6); many numbers
 * are strings there, so they are here. `CPU Physical Cores` is the number of sockets, `CPU Total Cores` that
 * of logical CPUs: consumers rely on both misnomers.
 */
export async function readSysinfo(options: SysinfoOptions): Promise<Record<string, unknown>> {
  const files = options.files ?? { proc: '/proc', sys: '/sys' }
  const [system, hardware, disks, links] = await Promise.all([
    readSystem(options, files.proc),
    readHardware(options, files),
    readDisks(join(files.sys, 'block')),
    readLinks(join(files.sys, 'class/net')),
  ])
  return { ...system, ...hardware, ...renderZpool(options.zpool), Disks: disks, ...renderLinks(links, options.nicTags) }
}

async function readSystem(options: SysinfoOptions, proc: string): Promise<Record<string, unknown>> {
  const [stat, cmdline] = await Promise.all([readTextFile(join(proc, 'stat')), readTextFile(join(proc, 'cmdline'))])
  const bootTime = parseBootTime(stat ?? '')
  return {
    'Live Image': options.liveImage ?? release(),
    'System Type': 'Linux',
    'Boot Time': bootTime === null ? '' : String(bootTime),
    'SDC Version': '7.0',
    ...(options.datacenterName === undefined ? {} : { 'Datacenter Name': options.datacenterName }),
    'Setup': String(options.zpool !== null),
    'UUID': options.uuid,
    'Hostname': hostname(),
    'Boot Parameters': parseKernelArguments(cmdline ?? ''),
    'SDC Agents': [],
  }
}

const dmiKeys = {
  'Manufacturer': 'sys_vendor',
  'Product': 'product_name',
  'Serial Number': 'product_serial',
  'SKU Number': 'product_sku',
  'HW Version': 'product_version',
  'HW Family': 'product_family',
}

async function readHardware(options: SysinfoOptions, { proc, sys }: { proc: string; sys: string }): Promise<Record<string, unknown>> {
  const dmi = Object.entries(dmiKeys).map(
    async ([key, file]) => [key, parseDmi(await readTextFile(join(sys, 'class/dmi/id', file)).catch(() => null))] as const,
  )
  const [cpuinfo, meminfo] = await Promise.all([readTextFile(join(proc, 'cpuinfo')), readTextFile(join(proc, 'meminfo'))])
  const cpu = parseCpuinfo(cpuinfo ?? '')
  const vmCapable = options.vmCapable ?? false
  return {
    ...Object.fromEntries(await Promise.all(dmi)),
    'VM Capable': vmCapable,
    // bhyve is not on Linux: never, whatever the CPU can do.
    'Bhyve Capable': false,
    'Bhyve Max Vcpus': 0,
    'HVM API': vmCapable,
    'CPU Type': cpu.model,
    'CPU Virtualization': cpu.virtualization,
    'CPU Physical Cores': cpu.sockets,
    'CPU Total Cores': cpu.logical,
    'CPU Socket Count': cpu.sockets,
    'CPU Core Count': cpu.cores,
    'CPU Online Count': cpu.logical,
    'CPU Count': cpu.logical,
    'MiB of Memory': String(parseMemoryMib(meminfo ?? '')),
    'Psrinfo': renderPsrinfo(cpu),
  }
}

function renderPsrinfo({ sockets, cores, logical, model }: ReturnType<typeof parseCpuinfo>): string {
  return `${sockets} socket(s), ${cores} core(s), ${logical} virtual processor(s): ${model}`
}

function renderZpool(zpool: ZpoolFacts | null): Record<string, unknown> {
  if (zpool === null) return {}
  return {
    'Zpool': zpool.name,
    'Zpool Encrypted': zpool.encrypted,
    'Zpool Disks': zpool.disks.join(','),
    'Zpool Profile': zpool.profile,
    ...(zpool.created === null ? {} : { 'Zpool Creation': zpool.created }),
    'Zpool Size in GiB': zpool.sizeGib,
  }
}

/** Whole disks by name. The kernel counts in sectors of 512 bytes whatever the disk does. */
async function readDisks(sysBlock: string): Promise<Record<string, { 'Size in GB': number }>> {
  const names = (await listDirectory(sysBlock)).filter((name) => !/^(loop|ram|zram|dm-|md|sr|fd|nbd|zd)\d*/.test(name))
  const disks = await Promise.all(
    names.toSorted().map(async (name) => [name, Math.floor((Number(await readTextFile(join(sysBlock, name, 'size'))) * 512) / 1e9)] as const),
  )
  return Object.fromEntries(disks.map(([name, size]) => [name, { 'Size in GB': size }]))
}

function renderLinks(links: LinkFacts[], nicTags: Record<string, string[]>): Record<string, unknown> {
  const common = (link: LinkFacts): Record<string, unknown> => ({ 'MAC Address': link.mac, 'ip4addr': link.ip4, 'Link Status': link.up ? 'up' : 'down' })
  const tagsOf = (name: string): string[] => (Object.hasOwn(nicTags, name) ? (nicTags[name] ?? []) : [])
  const table = (kind: LinkFacts['kind'], render: (link: LinkFacts) => Record<string, unknown>): Record<string, unknown> =>
    Object.fromEntries(links.filter((link) => link.kind === kind).map((link) => [link.name, render(link)]))
  const admin = links.find((link) => tagsOf(link.name).includes('admin'))
  return {
    ...(admin === undefined ? {} : { 'Admin NIC Tag': 'admin', 'Admin IP': admin.ip4 }),
    'Network Interfaces': table('physical', (link) => ({ ...common(link), 'NIC Names': tagsOf(link.name) })),
    'Virtual Network Interfaces': table('virtual', (link) => ({
      ...common(link),
      'Host Interface': link.host ?? '',
      'Overlay Nic Tags': [],
      'VLAN': link.vlan,
      'NIC Names': tagsOf(link.name),
    })),
    'Link Aggregations': table('aggregation', (link) => ({ 'LACP mode': link.lacp, 'Interfaces': link.members })),
  }
}
