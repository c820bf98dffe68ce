import { watch } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import { parseAddress, renderAddress } from '#lib/cidr.ts'
import type { Context, Log } from '../context.ts'
import { ensureDirectory, readTextFile, removeFile, writeFileAtomic } from '../fs/atomic.ts'
import type { DhcpLease, NicPlan } from '../network.ts'
import { checkToken } from '../nft/token.ts'
import { run } from '../run/run.ts'
import { launchScript, leaseScript } from './dhcp-scripts.ts'

/**
 * Starts busybox's DHCP client for a nic. It reads what a hostile network sends, so it runs as root of the zone's user
 * namespace, with the zone's network and a root directory that holds nothing but busybox and
 * the lease script. It outlives the daemon.
 */
export async function startDhcp(zone: { runDir: string; netns: string }, nic: NicPlan, context: Context): Promise<void> {
  const files = filesOf(zone.runDir, nic.host_link)
  const root = await ensureRoot(zone.runDir, context)
  const userns = usernsOf(zone.netns)
  const client = ['/bin/busybox', 'udhcpc', '-f', '-i', checkToken('link', nic.interface), '-s', '/lease.sh', '-t', '4', '-T', '2', '-A', '5']
  const enter = ['/usr/bin/nsenter', `--user=${userns}`, `--net=${zone.netns}`, `--root=${root}`, '--wd=/', '--']
  await run(['busybox', 'sh', join(zone.runDir, 'dhcp', 'launch.sh'), files.pid, files.lease, ...enter, ...client], { timeoutMs: 10_000 }, context).catch(
    (cause: unknown) => {
      throw new AppError('RuntimeFailed', `The DHCP client of ${nic.interface} could not be started.`, { cause })
    },
  )
}

/** Ends the client of a link, if one runs; a process that only took over its number is left alone. */
export async function endDhcp(runDir: string, hostLink: string): Promise<void> {
  const files = filesOf(runDir, checkToken('link', hostLink))
  const noted = parseStat(await readTextFile(files.pid))
  if (noted === null) return
  const running = parseStat(await readTextFile(`/proc/${noted.pid}/stat`))
  if (running?.startTime === noted.startTime) killQuietly(noted.pid)
  await removeFile(files.pid, { durable: false })
  await removeFile(files.lease, { durable: false })
}

/** True while the client of a link runs. */
export async function isDhcpRunning(runDir: string, hostLink: string): Promise<boolean> {
  const noted = parseStat(await readTextFile(filesOf(runDir, hostLink).pid))
  if (noted === null) return false
  return parseStat(await readTextFile(`/proc/${noted.pid}/stat`))?.startTime === noted.startTime
}

/** The lease a nic has now, for resolv.conf; null while it has none. */
export async function readDhcpLease(runDir: string, hostLink: string): Promise<DhcpLease | null> {
  return parseLease((await readTextFile(filesOf(runDir, hostLink).lease)) ?? '')
}

/** Calls back with the host link when the file of its lease has changed. Returns the unsubscriber. */
export function watchDhcpLeases(runDir: string, listener: (hostLink: string) => void, log: Log): () => void {
  const stopping = new AbortController()
  watchLeases(join(runDir, 'dhcp'), listener, stopping.signal).catch((error: unknown) => {
    if (!stopping.signal.aborted) log.error({ err: error }, 'leases are not watched any more')
  })
  return () => stopping.abort()
}

async function watchLeases(directory: string, listener: (hostLink: string) => void, signal: AbortSignal): Promise<void> {
  await ensureDirectory(directory)
  for await (const { filename } of watch(directory, { signal, persistent: false })) {
    const link = /^(.+)\.lease$/.exec(filename ?? '')?.[1]
    if (link !== undefined) listener(link)
  }
}

/** Last whole line `bound IP|ROUTERS|RESOLVERS`; what is not an address in it is dropped, for the network chose the words. */
export function parseLease(text: string): DhcpLease | null {
  const line = text.split('\n').findLast((one) => one.startsWith('bound '))
  const [ip = '', routers = '', resolvers = ''] = (line ?? '').slice('bound '.length).split('|')
  const address = parseAddress(ip)
  return address === null ? null : { ip: renderAddress(address), routers: addressesOf(routers), resolvers: addressesOf(resolvers) }
}

function addressesOf(words: string): string[] {
  return words
    .split(' ')
    .slice(0, 8)
    .map(parseAddress)
    .filter((address) => address !== null)
    .map(renderAddress)
}

/** Number and start time (field 22) of a process, from /proc/PID/stat; together they name it for good. */
function parseStat(text: string | null): { pid: number; startTime: string } | null {
  const match = /^(\d+) \(.*\) (.*)$/s.exec(text?.trim() ?? '')
  const startTime = match?.[2]?.split(' ')[19]
  return match === null || startTime === undefined ? null : { pid: Number(match[1]), startTime }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // ESRCH: it ended by itself.
  }
}

/**
 * Where the user namespace that owns a netns is found. A keeper is in the zone's network but not in its user
 * namespace: that one it holds as descriptor 10 (native/keeper/keeper.h). Otherwise the file `user` lies beside. Should
 * it be the host's own, nsenter fails: the kernel refuses to enter where one is.
 */
export function usernsOf(netns: string): string {
  const keeper = /^\/proc\/\d+(?=\/ns\/net$)/.exec(netns)?.[0]
  return keeper === undefined ? join(dirname(netns), 'user') : `${keeper}/fd/10`
}

function filesOf(runDir: string, hostLink: string): { pid: string; lease: string } {
  return { pid: join(runDir, 'dhcp', `${hostLink}.stat`), lease: join(runDir, 'dhcp', `${hostLink}.lease`) }
}

async function ensureRoot(runDir: string, context: Context): Promise<string> {
  const root = join(runDir, 'dhcp', 'root')
  if ((await readTextFile(join(root, 'lease.sh'))) === leaseScript) return root
  await ensureDirectory(join(root, 'bin'))
  await writeFileAtomic(join(runDir, 'dhcp', 'launch.sh'), launchScript, { durable: false })
  await run(['cp', '-f', '/bin/busybox', join(root, 'bin', 'busybox')], {}, context)
  await writeFileAtomic(join(root, 'lease.sh'), leaseScript, { mode: 0o755, durable: false })
  return root
}
